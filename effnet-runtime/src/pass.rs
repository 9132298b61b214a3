//! How a network is run: for evaluation, or as one step of training.

#[cfg(all(test, feature = "train"))]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Result, Tensor};
use effnet_kernels::Precision;

use crate::collective::Collective;
use crate::ops::running::{Running, follow};
use crate::params::Params;

/// How a forward pass runs. Networks and layers hold no mode and no random state: the pass says it all.
#[derive(Clone, Copy, Debug)]
pub enum Pass<'a> {
    /// Running statistics, no dropout, no drop path; no gradient reaches the parameters (one reaches the images where
    /// they track).
    Eval(Precision),
    /// The step's statistics, dropout and drop path; gradients reach every parameter.
    Train(&'a Step<'a>),
}

impl Pass<'_> {
    /// Number format of the activations.
    pub fn precision(&self) -> Precision {
        match self {
            Pass::Eval(precision) => *precision,
            Pass::Train(step) => step.precision,
        }
    }

    /// A parameter as layers use it: tracked for training, detached for evaluation, where a gradient would keep
    /// activations alive.
    pub(crate) fn param(&self, param: &Tensor) -> Tensor {
        match self {
            Pass::Train(_) => param.clone(),
            Pass::Eval(_) => param.detach(),
        }
    }
}

/// One training step, as the layers see it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the step, from 0. Draws of two steps are independent.
    pub step: u64,
    /// Identity of each image of the batch; draws follow the sample, not its place in the batch.
    pub samples: &'a [u64],
    /// Probability of dropping a feature in front of the classifier.
    pub dropout: f64,
    /// Factor on every block's drop-path rate: 1 for the table's own, 0 to switch it off.
    pub drop_path_scale: f64,
    /// Number format of the activations.
    pub precision: Precision,
    /// Statistics that batch normalisation uses, where it is not frozen.
    pub statistics: &'a Statistics,
    /// Where batch normalisation leaves its batch statistics.
    pub norms: &'a NormUpdates,
}

/// Statistics that normalise in training.
#[derive(Clone, Debug, Default)]
pub enum Statistics {
    /// The batch's. With several ranks, those of each rank's own.
    #[default]
    Local,
    /// The batches' of all ranks together, which take the step at the same time. A rank's loss is its part of a
    /// sum over all ranks, and so are the gradients that it finds. Ranks exchange a message at each batch normalisation
    /// on the way forward, and another on the way back.
    Synchronised(Arc<dyn Collective>),
    /// The batches' of the other ranks, which are [`Statistics::Synchronised`], for a rank that has no images: it takes
    /// the step with any, which do not count, and a loss of 0 times theirs.
    Others(Arc<dyn Collective>),
    /// The running ones, which stay as they are, as with PyTorch's `bn.eval()`. Gradients reach all parameters.
    Running,
}

/// Statistics of one batch, or of those of all ranks, of one batch normalisation.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Mean of each channel, f32 `[C]`.
    pub mean: Tensor,
    /// Unbiased variance of each channel, as the mean.
    pub variance: Tensor,
    /// Share of the batch in the running statistics, in PyTorch's sense.
    pub momentum: f64,
}

/// The batch statistics of one forward pass, by the name of the batch normalisation (`blocks.0.expand_conv.bn`), a
/// network's prefix included (`body.blocks.0.expand_conv.bn`): networks side by side may share one.
///
/// They wait here until the step has proved finite, and go to the running buffers then, with [`NormUpdates::apply`].
#[derive(Debug, Default)]
pub struct NormUpdates {
    by_name: Mutex<BTreeMap<String, BatchStatistics>>,
}

impl NormUpdates {
    /// No statistics yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BatchStatistics>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the statistics of the batch normalisation `name`. Statistics that it left before are replaced.
    pub fn record(&self, name: &str, statistics: BatchStatistics) {
        self.lock().insert(name.to_owned(), statistics);
    }

    /// The statistics that `name` left, if any.
    pub fn get(&self, name: &str) -> Option<BatchStatistics> {
        self.lock().get(name).cloned()
    }

    /// Takes all statistics, by the names of their batch normalisations.
    #[cfg(feature = "train")]
    pub(crate) fn take(&self) -> BTreeMap<String, BatchStatistics> {
        std::mem::take(&mut *self.lock())
    }

    /// Moves the running statistics in `params` towards those recorded, and forgets these:
    /// `running = (1 - momentum) · running + momentum · batch`. `params` are the network's own, or those of the whole
    /// program that it was built from.
    ///
    /// # Errors
    /// When `params` lacks a buffer that a recorded name calls for.
    pub fn apply(&self, params: &Params) -> Result<()> {
        let mut pairs = Vec::new();
        for (name, BatchStatistics { mean, variance, momentum }) in std::mem::take(&mut *self.lock()) {
            for (buffer, batch) in [("running_mean", mean), ("running_var", variance)] {
                let name = format!("{name}.{buffer}");
                let Some(running) = params.by_whole_name(&name) else {
                    candle_core::bail!("the parameters have no buffer `{name}` to update")
                };
                let batch = batch.to_device(running.device())?;
                pairs.push(Running { running, batch, momentum });
            }
        }
        follow(&pairs)
    }
}
