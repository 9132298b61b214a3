//! Either kind of block.

use crate::weights::Result;
use effnet_spec::{Block, Operator};

use super::Conventions;
use super::conv::Input;
use super::fold::Source;
use super::fused::Fused;
use super::map::{Border, Map};
use super::mbconv::{Between, MbConv};
use super::run::Run;

/// A block, its weights packed.
#[derive(Debug)]
pub(super) enum Packed {
    Fused(Fused),
    MbConv(MbConv),
}

impl Packed {
    pub(super) fn new(source: &dyn Source, block: &Block, with: &Conventions) -> Result<Self> {
        let name = format!("blocks.{}", block.index);
        Ok(match block.operator {
            Operator::Fused => Self::Fused(Fused::new(source, &name, block, with)?),
            Operator::MbConv => Self::MbConv(MbConv::new(source, &name, block, with)?),
        })
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Fused(block) => block.bytes(),
            Self::MbConv(block) => block.bytes(),
        }
    }

    /// Whether it reads its map in bf16.
    pub(super) fn reads_bf16(&self) -> bool {
        match self {
            Self::Fused(block) => block.reads_bf16(),
            Self::MbConv(block) => block.reads_bf16(),
        }
    }

    pub(super) fn out_channels(&self) -> usize {
        match self {
            Self::Fused(block) => block.out_channels(),
            Self::MbConv(block) => block.out_channels(),
        }
    }

    /// Size of the output for a map of this size.
    pub(super) fn output(&self, size: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Fused(block) => block.output(size),
            Self::MbConv(block) => block.output(size),
        }
    }

    /// Zeros that it wants around its input.
    pub(super) fn border(&self, size: (usize, usize)) -> Border {
        match self {
            Self::Fused(block) => block.border(size),
            // It reads single pixels, and keeps the border in its planes.
            Self::MbConv(_) => Border::default(),
        }
    }

    /// Floats between its phases, for an image: wide maps, sums, squeezed layers.
    pub(super) fn between(&self, size: (usize, usize)) -> [usize; 3] {
        match self {
            Self::Fused(block) => [block.between(size), 0, 0],
            Self::MbConv(block) => block.between(size),
        }
    }

    /// Floats of scratch memory of a task.
    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        match self {
            Self::Fused(block) => block.scratch(size),
            Self::MbConv(block) => block.scratch(size),
        }
    }

    pub(super) fn run(&self, run: &Run<'_>, x: Input<'_>, between: Between<'_>, out: &mut [f32], map: Map) {
        match self {
            Self::Fused(block) => block.run(run, x, between.filtered, out, map),
            Self::MbConv(block) => block.run(run, x, between, out, map),
        }
    }
}
