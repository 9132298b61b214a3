//! Checks of settings against each other.

use super::super::error::{Error, Result};
use super::Config;

impl Config {
    /// Checks that the parts of a step come out even.
    ///
    /// # Errors
    /// When they do not.
    pub(super) fn check(&self) -> Result<()> {
        if !self.batch.is_multiple_of(self.accumulate) {
            return Err(Error::Setting(format!(
                "batch = {} cannot be cut into accumulate = {} equal parts",
                self.batch, self.accumulate
            )));
        }
        let mixes = self.augment.mixup > 0.0 || self.augment.cutmix > 0.0;
        if mixes && !(self.batch / self.accumulate).is_multiple_of(2) {
            return Err(Error::Setting(format!(
                "mixup and cutmix mix pairs of images, and {} images at once are no pairs: make batch / accumulate even",
                self.batch / self.accumulate
            )));
        }
        Ok(())
    }
}
