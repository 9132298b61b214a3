//! Either kind of block.

use candle_core::{Result, Tensor};
use effnet_spec::Operator;

use super::{FusedMbConv, MbConv};
use crate::pass::Pass;
use crate::scope::Scope;

/// A block whose kind is known at run time.
#[derive(Debug)]
pub enum Block {
    /// Fused-MBConv.
    Fused(FusedMbConv),
    /// MBConv.
    MbConv(MbConv),
}

impl Block {
    /// Takes its parameters from `scope`, the block's own.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, block: &effnet_spec::Block) -> Result<Self> {
        Ok(match block.operator {
            Operator::Fused => Self::Fused(FusedMbConv::new(scope, block)?),
            Operator::MbConv => Self::MbConv(MbConv::new(scope, block)?),
        })
    }

    /// `[N, H', W', out_channels]` of `x` = `[N, H, W, in_channels]`.
    ///
    /// # Errors
    /// When `x` does not fit, or candle fails.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        match self {
            Self::Fused(block) => block.forward(x, pass),
            Self::MbConv(block) => block.forward(x, pass),
        }
    }
}
