//! timm's `config.json`, which lies beside the weights that timm saves: the model's name, and how its images are prepared.

mod architecture;
mod fields;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use crate::dialect::Dialect;
use crate::weights::error::Result;
use crate::weights::file::WeightsFile;

/// What timm's `config.json` says of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct TimmConfig {
    /// timm's name of the model, without a tag: `tf_efficientnetv2_s`.
    pub architecture: String,
    /// Outputs of the classifier; 0 without one.
    pub num_classes: usize,
    /// Channels of an image.
    pub in_channels: usize,
    /// The classes' names, in the order of the logits; empty where it has none.
    pub labels: Vec<String>,
    /// The conventions of the weights.
    pub dialect: Dialect,
}

/// Its name in the folder of the weights.
const FILE_NAME: &str = "config.json";

impl WeightsFile {
    /// What the `config.json` in the file's folder says, if there is one of timm's.
    ///
    /// # Errors
    /// When it cannot be read or understood, or prepares images in a way that effnet does not.
    pub fn timm_config(&self) -> Result<Option<TimmConfig>> {
        TimmConfig::read(&self.path().parent().unwrap_or(Path::new("")).join(FILE_NAME))
    }
}
