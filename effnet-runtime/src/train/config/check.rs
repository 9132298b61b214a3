//! Checks of settings against each other.

use super::super::error::{Error, Result};
use super::{AugmentConfig, Config};

impl Config {
    /// Checks that the parts of a step come out even.
    ///
    /// # Errors
    /// When they do not.
    pub(super) fn check(&self) -> Result<()> {
        let Self { batch, accumulate, augment: AugmentConfig { mixup, cutmix, .. }, .. } = self;
        let part = batch / accumulate;
        let mistake = if !batch.is_multiple_of(*accumulate) {
            format!("batch = {batch} cannot be cut into accumulate = {accumulate} equal parts")
        } else if (*mixup > 0.0 || *cutmix > 0.0) && !part.is_multiple_of(2) {
            format!(
                "mixup and cutmix mix pairs of images, and {part} images at once are no pairs: make batch / accumulate even"
            )
        } else {
            return Ok(());
        };
        Err(Error::Setting(mistake))
    }
}
