//! Assumptions of a set of weights about the code that runs it.

use std::fmt;

use effnet_spec::{Padding, Settings, named};
use serde::{Deserialize, Serialize};

named! {
    /// How an image is resized for evaluation.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Interpolation: "interpolation" {
        /// Linear in both directions, antialiased.
        Bilinear = "bilinear",
        /// Cubic in both directions (a = -0.5), antialiased.
        Bicubic = "bicubic",
        /// TensorFlow's `tf.image.resize`: linear between the two nearest pixels, without antialias.
        #[serde(rename = "tf-bilinear")]
        TfBilinear = "tf-bilinear",
        /// TensorFlow 1's `tf.image.resize_bicubic`: cubic (a = -0.75) between the four nearest pixels, without antialias,
        /// and with the pixels' corners matched instead of their middles.
        #[serde(rename = "tf1-bicubic")]
        Tf1Bicubic = "tf1-bicubic",
    }
}

named! {
    /// How evaluation makes a square of an image.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Fit: "fit" {
        /// Resizes the shorter side to the square's side over the crop ratio, keeps the aspect, and crops the centre.
        #[default]
        Crop = "crop",
        /// Resizes both sides to the square's side over the crop ratio, loses the aspect, and crops the centre.
        Squash = "squash",
        /// Crops the centred square of the crop ratio times the shorter side, and then resizes it.
        Cut = "cut",
    }
}

impl Fit {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The conventions that a set of weights was trained under. They change its results, but neither its names nor its
/// shapes. A table's settings give the dialect of newly initialised weights; a weights file's dialect replaces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Padding of convolutions.
    pub padding: Padding,
    /// Epsilon of batch normalisation.
    pub bn_eps: f64,
    /// Mean to subtract from pixels in 0..=1: one number for all channels, or one a channel.
    pub mean: Vec<f64>,
    /// Standard deviation to divide pixels by: one number for all channels, or one a channel.
    pub std: Vec<f64>,
    /// Side in pixels of an evaluation image.
    pub test_size: usize,
    /// Share of the image's shorter side that evaluation crops from its centre.
    pub crop: f64,
    /// How evaluation makes a square of the image.
    #[serde(default, skip_serializing_if = "Fit::is_default")]
    pub fit: Fit,
    /// How evaluation resizes.
    pub interpolation: Interpolation,
}

impl Dialect {
    /// The dialect of weights that are initialised from these settings.
    pub fn of(settings: &Settings) -> Self {
        Self {
            padding: settings.padding,
            bn_eps: settings.bn_eps,
            mean: settings.mean.to_vec(),
            std: settings.std.to_vec(),
            test_size: settings.default_size(),
            crop: 1.0,
            fit: Fit::Crop,
            interpolation: Interpolation::Bicubic,
        }
    }
}

/// All of it on one line, for people.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { padding, bn_eps, mean, std, test_size, crop, fit, interpolation } = self;
        let [mean, std] = [mean, std].map(|numbers| match numbers.as_slice() {
            [number] => number.to_string(),
            numbers => format!("{numbers:?}"),
        });
        write!(
            f,
            "`{padding}` padding, epsilon {bn_eps}, mean {mean}, std {std}, {test_size} px, crop {crop} (`{fit}`), \
             `{interpolation}`"
        )
    }
}
