//! Running statistics of batch normalisation.

use candle_core::{Result, Tensor, Var};

/// A running statistic, and the batch's that it moves towards.
pub(crate) struct Running {
    pub running: Var,
    pub batch: Tensor,
    /// The batch's share.
    pub momentum: f64,
}

/// Moves running statistics.
pub(crate) trait Follow {
    /// `running = (1 - momentum) · running + momentum · batch` of all of them.
    fn follow(&self, pairs: &[Running]) -> Result<()>;
}
