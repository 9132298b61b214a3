//! The named variants: each is one macro call in a file of its own.

mod b0;
mod b1;
mod b2;
mod b3;
mod l;
mod m;
mod s;
mod xl;

pub use b0::EfficientNetV2B0;
pub use b1::EfficientNetV2B1;
pub use b2::EfficientNetV2B2;
pub use b3::EfficientNetV2B3;
pub use l::EfficientNetV2L;
pub use m::EfficientNetV2M;
pub use s::EfficientNetV2S;
pub use xl::EfficientNetV2XL;
