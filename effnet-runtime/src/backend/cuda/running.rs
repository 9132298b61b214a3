//! Running statistics: moving averages, as those of weights.

#[cfg(test)]
mod tests;

use candle_core::Result;

use super::Cuda;
use super::table::{Kernel, Row, Table};
use crate::backend::running::{Follow, Running};

impl Follow for Cuda {
    /// Moves all of them in one launch.
    fn follow(&self, pairs: &[Running]) -> Result<()> {
        let rows: Vec<Row<'_>> = pairs
            .iter()
            .map(|Running { running, batch, momentum }| Row {
                value: Some(batch),
                gradient: None,
                slots: [Some(running.as_tensor()), None],
                factors: [*momentum as f32; 8],
            })
            .collect();
        Table::new(rows).launch(Kernel::Average)
    }
}
