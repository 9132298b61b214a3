//! The named variants: each is one macro call with its source, in a file for each family that shares a table.

mod base;
mod l;
mod lite;
mod m;
mod rw;
mod s;
mod v1;
mod xl;

pub use base::{EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3};
pub use l::EfficientNetV2L;
pub use lite::{EfficientNetLite0, EfficientNetLite1, EfficientNetLite2, EfficientNetLite3, EfficientNetLite4};
pub use m::EfficientNetV2M;
pub use rw::{EfficientNetV2RwM, EfficientNetV2RwS, EfficientNetV2RwT};
pub use s::EfficientNetV2S;
pub use v1::{
    EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4, EfficientNetB5, EfficientNetB6,
    EfficientNetB7,
};
pub use xl::EfficientNetV2XL;
