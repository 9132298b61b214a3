//! EfficientNetV2 S, M, L, XL and B0 to B3, each one [`efficientnet_v2!`](effnet_runtime::efficientnet_v2) call, a
//! [registry](find) of their names, and, with the feature `train`, the `effnet` command line.

mod registry;
mod variants;

#[cfg(feature = "train")]
#[doc(hidden)]
pub mod commands;

pub use registry::{UnknownVariant, VARIANTS, Variant, find};
pub use variants::{
    EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3, EfficientNetV2L, EfficientNetV2M,
    EfficientNetV2S, EfficientNetV2XL,
};
