//! Whether the settings make sense.

use effnet_kernels::threads::MOST_THREADS;

use super::super::error::{Error, Result};
use super::{ClassWeights, Config};

/// RandAugment's highest magnitude that its levels are made for, thrice automl's unit of 10.
const MAX_MAGNITUDE: f64 = 30.0;

impl Config {
    /// Whether every value makes sense.
    ///
    /// # Errors
    /// With the first that does not.
    pub fn check(&self) -> Result<()> {
        self.check_counts()?;
        self.check_shares()?;
        self.check_numbers()?;
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
        match &self.regularise.class_weights {
            ClassWeights::Listed(weights) if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) => {
                let what = "each must be a positive number or 0";
                Err(Error::Setting(format!("regularise.class_weights = {weights:?}: {what}")))
            }
            _ => Ok(()),
        }
    }

    fn check_counts(&self) -> Result<()> {
        let positive = [
            ("epochs", self.epochs as usize),
            ("batch", self.batch),
            ("accumulate", self.accumulate),
            ("size", self.size),
            ("eval_size", self.eval_size),
            ("augment.layers", self.augment.layers),
            ("stages.count", self.stages.count),
            ("stages.base", self.stages.base.unwrap_or(1)),
            ("compute.threads", self.compute.threads),
            ("compute.loader_threads", self.compute.loader_threads),
            ("checkpoints.keep", self.checkpoints.keep),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(Error::Setting(format!("{key} = 0: it must be at least 1")));
        }
        let threads =
            [("compute.threads", self.compute.threads), ("compute.loader_threads", self.compute.loader_threads)];
        match threads.iter().find(|(_, value)| *value > MOST_THREADS) {
            Some((key, value)) => Err(Error::Setting(format!("{key} = {value}: it must be at most {MOST_THREADS}"))),
            None => Ok(()),
        }
    }

    fn check_shares(&self) -> Result<()> {
        let shares = [
            ("schedule.warmup", self.schedule.warmup),
            ("schedule.floor", self.schedule.floor),
            ("schedule.decay_factor", self.schedule.decay_factor),
            ("stages.dropout", self.stages.dropout),
            ("regularise.label_smoothing", self.regularise.label_smoothing),
            ("augment.flip", self.augment.flip),
            ("augment.erase", self.augment.erase),
        ];
        if let Some((key, value)) = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(Error::Setting(format!("{key} = {value}: it must be within 0..=1")));
        }
        let below_one = [
            ("regularise.dropout", self.regularise.dropout),
            ("optimizer.momentum", self.optimizer.momentum),
            ("optimizer.rms_decay", self.optimizer.rms_decay),
            ("optimizer.beta1", self.optimizer.beta1),
            ("optimizer.beta2", self.optimizer.beta2),
            ("ema.decay", self.ema.decay),
        ];
        if let Some((key, value)) = below_one.iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
            return Err(Error::Setting(format!("{key} = {value}: it must be at least 0 and below 1")));
        }
        let magnitudes = [("augment.magnitude", self.augment.magnitude), ("stages.magnitude", self.stages.magnitude)];
        match magnitudes.iter().find(|(_, value)| !(0.0..=MAX_MAGNITUDE).contains(value)) {
            Some((key, value)) => {
                Err(Error::Setting(format!("{key} = {value}: it must be within 0..={MAX_MAGNITUDE}")))
            }
            None => Ok(()),
        }
    }

    fn check_numbers(&self) -> Result<()> {
        let above_zero = [
            ("optimizer.lr", self.optimizer.lr),
            ("optimizer.eps", self.optimizer.eps.unwrap_or(1.0)),
            ("schedule.decay_epochs", self.schedule.decay_epochs),
        ];
        let from_zero = [
            ("optimizer.weight_decay", self.optimizer.weight_decay),
            ("optimizer.clip_norm", self.optimizer.clip_norm),
            ("schedule.warmup_epochs", self.schedule.warmup_epochs.unwrap_or(0.0)),
            ("regularise.drop_path_scale", self.regularise.drop_path_scale),
            ("augment.mixup", self.augment.mixup),
            ("augment.cutmix", self.augment.cutmix),
            ("checkpoints.minutes", self.checkpoints.minutes),
        ];
        let above_zero = above_zero.into_iter().map(|(key, value)| (key, value, value > 0.0));
        let from_zero = from_zero.into_iter().map(|(key, value)| (key, value, value >= 0.0));
        match above_zero.chain(from_zero).find(|(_, value, sane)| !(value.is_finite() && *sane)) {
            Some((key, value, _)) => Err(Error::Setting(format!("{key} = {value}: it must be a positive number"))),
            None => Ok(()),
        }
    }
}
