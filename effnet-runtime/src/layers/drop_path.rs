//! Stochastic depth (Huang et al., 2016), as in automl's `drop_connect`.

use candle_core::Result;

use crate::pass::Pass;
use crate::random::{Purpose, Stream};

/// Drops a block's branch for some images in training, and scales it up for the others: its expectation stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct DropPath {
    /// The block's position, which its draws follow.
    block: usize,
    rate: f64,
}

impl DropPath {
    pub(super) fn new(block: &effnet_spec::Block) -> Self {
        Self { block: block.index, rate: block.drop_path }
    }

    /// The branch's factor for each image: 0 or `1 / (1 - rate)`. `None` where nothing is dropped.
    pub(super) fn factors(&self, pass: &Pass<'_>) -> Result<Option<Vec<f32>>> {
        let Pass::Train(step) = pass else { return Ok(None) };
        let rate = self.rate * step.drop_path_scale;
        if rate <= 0.0 {
            return Ok(None);
        }
        if rate >= 1.0 {
            candle_core::bail!("a drop-path rate of {rate} drops every branch; it must be below 1")
        }
        let kept = (1.0 / (1.0 - rate)) as f32;
        let factor = |sample: &u64| {
            let stream = Stream::new(step.seed, Purpose::DropPath, step.step, *sample, self.block as u64);
            if stream.uniform(0) < rate { 0.0 } else { kept }
        };
        Ok(Some(step.samples.iter().map(factor).collect()))
    }
}
