//! The decay rates of weights.

use candle_core::Var;

use crate::pattern::matches_any;

/// Weight decay, and the weights that it applies to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decay {
    /// Decay rate of weights with two dimensions or more.
    pub rate: f64,
    /// Whether vectors (batch normalisation's scale and shift, biases) decay too. The recipes exempt them: shrinking
    /// them regularises nothing (He et al., *Bag of Tricks*, section 3.1).
    pub vectors: bool,
    /// Patterns of names, in which `*` stands for any text, of further weights that do not decay.
    pub except: Vec<String>,
}

impl Decay {
    /// The decay rate of the weight of this name.
    pub fn of(&self, name: &str, weight: &Var) -> f64 {
        let decays = (self.vectors || weight.rank() > 1) && !matches_any(&self.except, name);
        if decays { self.rate } else { 0.0 }
    }
}
