//! One launch over all parameters, by a table of where they lie ([`super::table`]).

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor, bail};

use crate::backend::cuda::Cuda;
use crate::backend::cuda::table::{Kernel, Row, Table};
use crate::backend::update::{Average, Rule, Target, Update};

impl Update for Cuda {
    fn step(
        &self,
        rule: &dyn Rule,
        targets: &mut [Target<'_>],
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        let name = rule.name();
        let Some(kernel) = rule.kernel().map(Kernel::Step) else {
            bail!("the optimizer `{name}` has no CUDA kernel; train on the CPU")
        };
        let mut rows = Vec::with_capacity(targets.len());
        for target in targets.iter() {
            if kernel.slots() != target.slots.len() {
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
        Table::new(rows).launch_if(kernel, is_wanted)
    }

    fn average(&self, pairs: &mut [Average<'_>], new: f32) -> Result<()> {
        with_averages(Kernel::Average, pairs, new)
    }

    fn swap(&self, pairs: &mut [Average<'_>]) -> Result<()> {
        with_averages(Kernel::Swap, pairs, 0.0)
    }

    fn squares(&self, tensors: &[&Tensor]) -> Result<Vec<f64>> {
        let row = |tensor| Row { value: None, gradient: Some(tensor), slots: [None; 2], factors: [0.0; 8] };
        Table::new(tensors.iter().copied().map(row).collect()).squares()
    }
}

fn with_averages(kernel: Kernel, pairs: &[Average<'_>], factor: f32) -> Result<()> {
    let mut rows = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let slots = [Some(pair.average.device()?), None];
        rows.push(Row { value: Some(pair.value), gradient: None, slots, factors: [factor; 8] });
    }
    Table::new(rows).launch(kernel)
}
