//! Either kind of block.

use candle_core::Result;
use effnet_spec::Operator;

use super::{FusedMbConv, MbConv, Sequence};
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

    /// Its layers, and the shortcut around them.
    pub fn sequence(&self) -> Sequence<'_> {
        match self {
            Self::Fused(block) => block.sequence(),
            Self::MbConv(block) => block.sequence(),
        }
    }
}
