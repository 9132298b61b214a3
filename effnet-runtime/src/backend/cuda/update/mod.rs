//! One launch over all parameters, by a table of where they lie ([`super::table`]).

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor, bail};

use crate::backend::cuda::table::{Row, chunks, launch, launch_if};
use crate::backend::cuda::{Buffer, Cuda, Element, device};
use crate::backend::update::{Average, DeviceRule, Rule, Target, Update};

impl DeviceRule {
    /// Its name, and the slots that it takes.
    fn signature(self) -> (&'static str, usize) {
        match self {
            Self::Sgd => ("update_sgd", 1),
            Self::AdamW => ("update_adamw", 2),
            Self::RmsProp => ("update_rmsprop", 2),
        }
    }
}

impl Update for Cuda {
    fn step(
        &self,
        rule: &dyn Rule,
        targets: &mut [Target<'_>],
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        let name = rule.name();
        let Some(kernel) = rule.kernel() else { bail!("the optimizer `{name}` has no CUDA kernel; train on the CPU") };
        let mut rows = Vec::with_capacity(targets.len());
        for target in targets.iter() {
            if kernel.signature().1 != target.slots.len() {
                bail!("the optimizer `{name}` does not fit its CUDA kernel {kernel:?}")
            }
            let mut slots = [None; 2];
            for (slot, values) in slots.iter_mut().zip(target.slots.iter()) {
                *slot = Some(values.device()?);
            }
            rows.push(Row {
                value: Some(target.weight),
                gradient: Some(target.gradient),
                slots,
                factors: rule.factors(target.now),
            });
        }
        launch_if(kernel.signature().0, &rows, &chunks(&rows), None, is_wanted)
    }

    fn average(&self, pairs: &mut [Average<'_>], new: f32) -> Result<()> {
        with_averages("update_average", pairs, new)
    }

    fn swap(&self, pairs: &mut [Average<'_>]) -> Result<()> {
        with_averages("update_swap", pairs, 0.0)
    }

    /// The sum of the squares of each tensor: the device sums each chunk, and the host the chunks in their order.
    fn squares(&self, tensors: &[&Tensor]) -> Result<Vec<f64>> {
        let row = |tensor| Row { value: None, gradient: Some(tensor), slots: [None; 2], factors: [0.0; 8] };
        let rows: Vec<Row<'_>> = tensors.iter().copied().map(row).collect();
        let (chunks, mut squares) = (chunks(&rows), vec![0f64; rows.len()]);
        let (Some(first), false) = (tensors.first(), chunks.is_empty()) else { return Ok(squares) };
        let bytes = chunks.len() * size_of::<f64>();
        let mut sums = Buffer::new(device(first)?, Element::U8, bytes)?;
        launch("update_squares", &rows, &chunks, Some(&mut sums))?;
        let sums: Vec<u8> = sums.into_tensor(bytes)?.to_vec1()?;
        for (chunk, sum) in chunks.iter().zip(sums.as_chunks::<8>().0) {
            squares[chunk.row] += f64::from_le_bytes(*sum);
        }
        Ok(squares)
    }
}

fn with_averages(kernel: &str, pairs: &[Average<'_>], factor: f32) -> Result<()> {
    let mut rows = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let slots = [Some(pair.average.device()?), None];
        rows.push(Row { value: Some(pair.value), gradient: None, slots, factors: [factor; 8] });
    }
    launch(kernel, &rows, &chunks(&rows), None)
}
