//! What a set of weights assumes of the code that runs it.

use effnet_spec::{DEFAULT_SIZE, Padding, Settings};
use serde::{Deserialize, Serialize};

/// How an image is resized for evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Linear in both directions, antialiased.
    Bilinear,
    /// Cubic in both directions (a = -0.5), antialiased.
    Bicubic,
    /// TensorFlow's `tf.image.resize`: linear between the two nearest pixels, however much a picture shrinks.
    #[serde(rename = "tf-bilinear")]
    TfBilinear,
    /// TensorFlow 1's `tf.image.resize_bicubic`: cubic (a = -0.75) between the four nearest pixels, however much a picture
    /// shrinks, and with the pixels' corners matched instead of their middles.
    #[serde(rename = "tf1-bicubic")]
    Tf1Bicubic,
}

/// How evaluation makes a square of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// The shorter side is resized to the square's over the crop ratio, the aspect kept, and the centre cut out.
    #[default]
    Crop,
    /// Both sides are resized to the square's over the crop ratio, the aspect lost, and the centre cut out.
    Squash,
    /// The centred square of the crop ratio times the shorter side is cut out, and then resized.
    Cut,
}

impl Fit {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The conventions that a set of weights was trained under: they change its results, but neither its names nor its
/// shapes. A table's settings give those of newly initialised weights; a weights file's replace them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Padding of convolutions.
    pub padding: Padding,
    /// Epsilon of batch normalisation.
    pub bn_eps: f64,
    /// Mean that is subtracted from pixels in 0..=1: one number for all channels, or one a channel.
    pub mean: Vec<f64>,
    /// Standard deviation that pixels are divided by: one number for all channels, or one a channel.
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
            test_size: settings.eval_size.or(settings.train_size).unwrap_or(DEFAULT_SIZE),
            crop: 1.0,
            fit: Fit::Crop,
            interpolation: Interpolation::Bicubic,
        }
    }
}
