//! Layers whose type carries their channel counts, for generated code.
//!
//! Each wraps a stem, block or head of [`crate::layers`] and has its sizes as const parameters: types, and no
//! arithmetic.

mod blocks;
mod stage;
mod take;

use std::fmt;

use candle_core::{Result, Tensor};
use effnet_spec::Operator;

pub use self::blocks::{Blocks, Map, to_nchw};
pub use self::stage::{Backbone, Stage};
pub use self::take::Layers;
use crate::builder::Builder;
use crate::feature_map::FeatureMap;
use crate::layers;
use crate::pass::Pass;

/// The stem, from images of `IMAGE` channels.
#[derive(Clone)]
pub struct Stem<const IMAGE: usize, const OUT: usize>(layers::Stem);

impl<const IMAGE: usize, const OUT: usize> Stem<IMAGE, OUT> {
    /// The first feature map of images `[N, IMAGE, H, W]`.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub fn forward(&self, images: &Tensor, pass: &Pass<'_>) -> Result<FeatureMap<OUT>> {
        FeatureMap::from_nhwc(self.0.forward(images, pass)?)
    }

    /// The stem, and a stage behind it.
    #[must_use]
    pub fn then<'a, B: Blocks<In = FeatureMap<OUT>>>(&'a self, stage: &'a Stage<B>) -> Backbone<'a, B::Out> {
        Backbone::new(&self.0).then(stage)
    }
}

/// The head, to logits.
#[derive(Clone)]
pub struct Head<const IN: usize, const FEATURES: usize>(layers::Head);

impl<const IMAGE: usize, const OUT: usize> Layers for Stem<IMAGE, OUT> {
    fn take(builder: &mut Builder<'_>) -> Result<Self> {
        builder.stem([IMAGE, OUT]).map(Self)
    }
}

impl<const IN: usize, const FEATURES: usize> Layers for Head<IN, FEATURES> {
    fn take(builder: &mut Builder<'_>) -> Result<Self> {
        builder.head([IN, FEATURES]).map(Self)
    }
}

impl<const IMAGE: usize, const OUT: usize> fmt::Debug for Stem<IMAGE, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const IN: usize, const FEATURES: usize> fmt::Debug for Head<IN, FEATURES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The typed form of an operator's blocks.
macro_rules! block {
    ($(#[$doc:meta])* $vis:vis $name:ident, $operator:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        $vis struct $name<
            const IN: usize,
            const EXPANDED: usize,
            const SQUEEZED: usize,
            const OUT: usize,
            const KERNEL: usize,
            const STRIDE: usize,
        >(layers::Block);

        impl<
            const IN: usize,
            const EXPANDED: usize,
            const SQUEEZED: usize,
            const OUT: usize,
            const KERNEL: usize,
            const STRIDE: usize,
        > Layers for $name<IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE>
        {
            fn take(builder: &mut Builder<'_>) -> Result<Self> {
                builder.next_block($operator, [IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE]).map(Self)
            }
        }

        impl<
            const IN: usize,
            const EXPANDED: usize,
            const SQUEEZED: usize,
            const OUT: usize,
            const KERNEL: usize,
            const STRIDE: usize,
        > Blocks for $name<IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE>
        {
            type In = FeatureMap<IN>;
            type Out = FeatureMap<OUT>;

            fn push<'a>(&'a self, untyped: &mut Vec<&'a layers::Block>) {
                untyped.push(&self.0);
            }
        }
    };
}

block!(
    /// Fused-MBConv.
    pub FusedMbConv, Operator::Fused
);
block!(
    /// MBConv.
    pub MbConv, Operator::MbConv
);
block!(
    /// A plain convolution.
    pub ConvBlock, Operator::Plain
);

#[cfg(test)]
mod tests;
