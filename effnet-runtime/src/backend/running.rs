//! Running statistics of batch normalisation.

use candle_core::{Tensor, Var};

/// A running statistic, and the batch's that it moves towards.
pub(crate) struct Running {
    pub running: Var,
    pub batch: Tensor,
    /// The batch's share.
    pub momentum: f64,
}
