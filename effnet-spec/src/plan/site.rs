//! Layers in their block and in their network.

use super::param::{Init, Param};
use super::{Block, Layer};
use crate::Cost;

/// A layer in its network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// The part of the network that it is a layer of.
    pub part: Part,
    /// The layer.
    pub layer: Layer,
}

/// A part of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The stem.
    Stem,
    /// A block.
    Block(Block),
    /// The head.
    Head,
}

/// The classifier: a product with a matrix, and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Features in.
    pub inputs: usize,
    /// Classes.
    pub outputs: usize,
}

impl Site {
    /// Our name of the layer, which is WZMIAOMIAO's: `blocks.3.dwconv`.
    pub fn name(&self) -> String {
        let layer = self.layer.name;
        match self.part {
            Part::Stem => layer.to_owned(),
            Part::Block(block) => format!("blocks.{}.{layer}", block.index),
            Part::Head => format!("head.{layer}"),
        }
    }
}

impl Linear {
    /// Its cost.
    pub const fn cost(&self) -> Cost {
        let (inputs, outputs) = (self.inputs as u64, self.outputs as u64);
        let macs = inputs.saturating_mul(outputs);
        Cost { params: macs.saturating_add(outputs), buffers: 0, macs, activations: outputs }
    }

    /// Our name of it, which is WZMIAOMIAO's.
    pub const NAME: &str = "head.classifier";

    /// Weight and bias. The weight starts as N(0, 0.01).
    pub fn params(&self) -> [Param; 2] {
        let Self { inputs, outputs } = *self;
        [
            Param::new("weight", [outputs, inputs], Init::Normal { deviation: 0.01 }),
            Param::new("bias", [outputs], Init::Constant(0.0)),
        ]
    }
}
