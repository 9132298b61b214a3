//! How training images are varied.

use serde::{Deserialize, Serialize};

/// How training images are varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// Least and greatest share of the picture's area in a random crop.
    pub scale: (f64, f64),
    /// Least and greatest aspect of a random crop, width by height.
    pub ratio: (f64, f64),
    /// Probability of mirroring.
    pub flip: f64,
    /// What else happens to colours and geometry.
    #[serde(default)]
    pub policy: PolicyKind,
    /// Of RandAugment: operations on each image.
    #[serde(default = "two")]
    pub layers: usize,
    /// Of RandAugment: level of each operation, 0 to 30; with several stages, in the last one.
    #[serde(default = "ten")]
    pub magnitude: f64,
    /// Parameter of mixup's Beta distribution, 0 for no mixup; with several stages, in the last one.
    #[serde(default)]
    pub mixup: f64,
    /// Parameter of cutmix's Beta distribution, 0 for no cutmix; with several stages, in the last one.
    #[serde(default)]
    pub cutmix: f64,
    /// Probability of erasing a rectangle.
    #[serde(default)]
    pub erase: f64,
}

/// A policy of augmentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// None.
    #[default]
    None,
    /// RandAugment, of `layers` and `magnitude`.
    RandAugment,
    /// AutoAugment's policy for ImageNet; stages do not change it.
    AutoAugment,
}

fn two() -> usize {
    2
}

fn ten() -> f64 {
    10.0
}
