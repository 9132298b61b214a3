//! Which weights decay.

use candle_core::Var;

/// Weight decay, and the weights that it applies to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// Rate for weights of two dimensions and more.
    pub rate: f64,
    /// Whether vectors (batch normalisation's scale and shift, biases) decay too. Recipes leave them alone: shrinking
    /// them regularises nothing (He et al., *Bag of Tricks*, section 3.1).
    pub vectors: bool,
}

impl Decay {
    /// The rate for this weight.
    pub fn of(&self, weight: &Var) -> f64 {
        if self.vectors || weight.rank() > 1 { self.rate } else { 0.0 }
    }
}
