//! Dropout in front of the classifier.

use candle_core::{Result, Tensor};

use crate::pass::Pass;
use crate::random::{Purpose, Stream};

/// Drops features of `x` = `[N, F]` in training, and scales the others up: their expectation stays.
pub(super) fn dropout(x: Tensor, pass: &Pass<'_>) -> Result<Tensor> {
    let Pass::Train(step) = pass else { return Ok(x) };
    let rate = step.dropout;
    if rate <= 0.0 {
        return Ok(x);
    }
    if rate >= 1.0 {
        candle_core::bail!("a dropout of {rate} drops every feature; it must be below 1")
    }
    let (batch, features) = x.dims2()?;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let factors: Vec<f32> = step
        .samples
        .iter()
        .flat_map(|sample| {
            let stream = Stream::new(step.seed, Purpose::Dropout, step.step, *sample, 0);
            (0..features as u64).map(move |feature| if stream.uniform(feature) < rate { 0.0 } else { kept })
        })
        .collect();
    &x * Tensor::from_vec(factors, (batch, features), x.device())?
}
