//! Blocks one after the other, as a type.

use candle_core::{Result, Tensor};

use super::Layers;
use crate::feature_map::FeatureMap;
use crate::layers;

/// A block, an array of equal ones, or two such parts one after the other: each takes what the one before it puts out.
pub trait Blocks: Layers {
    /// What the first block takes.
    type In: Map;
    /// What the last block puts out.
    type Out: Map;

    /// Appends the blocks without their channels in their types.
    fn push<'a>(&'a self, untyped: &mut Vec<&'a layers::Block>);
}

/// A [`FeatureMap`] of any number of channels.
pub trait Map {
    /// Takes a tensor `[N, H, W, C]`.
    ///
    /// # Errors
    /// When the tensor has another number of channels.
    fn from_nhwc(nhwc: Tensor) -> Result<Self>
    where
        Self: Sized;

    /// The map as a tensor `[N, H, W, C]`.
    fn as_nhwc(&self) -> &Tensor;
}

/// The maps as contiguous tensors `[N, C, H, W]`.
///
/// # Errors
/// When candle fails.
pub fn to_nchw(maps: &[&dyn Map]) -> Result<Vec<Tensor>> {
    maps.iter().map(|map| map.as_nhwc().permute((0, 3, 1, 2))?.contiguous()).collect()
}

impl<const C: usize> Map for FeatureMap<C> {
    fn from_nhwc(nhwc: Tensor) -> Result<Self> {
        Self::from_nhwc(nhwc)
    }

    fn as_nhwc(&self) -> &Tensor {
        self.as_nhwc()
    }
}

impl<B: Blocks<In = M, Out = M>, M: Map, const N: usize> Blocks for [B; N] {
    type In = M;
    type Out = M;

    fn push<'a>(&'a self, untyped: &mut Vec<&'a layers::Block>) {
        self.iter().for_each(|block| block.push(untyped));
    }
}

impl<A: Blocks, B: Blocks<In = A::Out>> Blocks for (A, B) {
    type In = A::In;
    type Out = B::Out;

    fn push<'a>(&'a self, untyped: &mut Vec<&'a layers::Block>) {
        self.0.push(untyped);
        self.1.push(untyped);
    }
}
