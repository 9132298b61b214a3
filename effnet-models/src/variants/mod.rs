//! The named variants: each is one macro call in a file of its own, but for B0 to B3, which have one table.

mod base;
mod l;
mod m;
mod s;
mod xl;

pub use base::{EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3};
pub use l::EfficientNetV2L;
pub use m::EfficientNetV2M;
pub use s::EfficientNetV2S;
pub use xl::EfficientNetV2XL;
