//! EfficientNetV2 S, M, L, XL, B0 to B3 and timm's RW-T, RW-S and RW-M, EfficientNet-B0 to B7 and EfficientNet-Lite0 to
//! Lite4, each one [`efficientnet_v2!`](effnet_runtime::efficientnet_v2) call, a [registry](find) of their names, and,
//! with the feature `train`, the `effnet` command line.

mod registry;
mod variants;

#[cfg(feature = "train")]
#[doc(hidden)]
pub mod commands;

pub use registry::{UnknownVariant, VARIANTS, Variant, find};
pub use variants::*;
