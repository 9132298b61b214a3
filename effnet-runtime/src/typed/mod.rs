//! Layers whose type carries their channel counts, for generated code.
//!
//! Each wraps a stem, block or head of [`crate::layers`] and has its sizes as const parameters: types, and no
//! arithmetic.

use candle_core::{Result, Tensor};
use effnet_spec::Operator;

use crate::builder::Builder;
use crate::feature_map::FeatureMap;
use crate::layers;
use crate::pass::Pass;

/// The stem, from images of `IMAGE` channels.
#[derive(Debug)]
pub struct Stem<const IMAGE: usize, const OUT: usize>(layers::Stem);

impl<const IMAGE: usize, const OUT: usize> Stem<IMAGE, OUT> {
    /// The builder's stem.
    ///
    /// # Errors
    /// When the builder has other sizes, or lacks a parameter.
    pub fn new(builder: &mut Builder<'_>) -> Result<Self> {
        builder.stem([IMAGE, OUT]).map(Self)
    }

    /// The first feature map of images `[N, IMAGE, H, W]`.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub fn forward(&self, images: &Tensor, pass: &Pass<'_>) -> Result<FeatureMap<OUT>> {
        FeatureMap::from_nhwc(self.0.forward(images, pass)?)
    }

    /// The stem, and blocks behind it.
    #[must_use]
    pub fn then<'a, const NEXT: usize>(&'a self, blocks: Blocks<'a, OUT, NEXT>) -> Backbone<'a, NEXT> {
        Backbone { stem: &self.0, blocks: blocks.0 }
    }
}

/// A block from maps of `IN` channels to maps of `OUT`.
pub trait Block<const IN: usize, const OUT: usize> {
    /// The block without its channels in its type.
    fn untyped(&self) -> &layers::Block;
}

/// Blocks from maps of `IN` channels to maps of `OUT`, which run as one node of the graph.
#[derive(Debug)]
pub struct Blocks<'a, const IN: usize, const OUT: usize>(Vec<&'a layers::Block>);

impl<'a, const IN: usize, const OUT: usize> Blocks<'a, IN, OUT> {
    /// A single one.
    #[must_use]
    pub fn new(first: &'a impl Block<IN, OUT>) -> Self {
        Self(vec![first.untyped()])
    }

    /// These, and another behind them.
    #[must_use]
    pub fn then<const NEXT: usize>(mut self, next: &'a impl Block<OUT, NEXT>) -> Blocks<'a, IN, NEXT> {
        self.0.push(next.untyped());
        Blocks(self.0)
    }

    /// The last one's feature map.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(self, x: &FeatureMap<IN>, pass: &Pass<'_>) -> Result<FeatureMap<OUT>> {
        FeatureMap::from_nhwc(layers::run(x.as_nhwc(), &self.0, pass)?)
    }
}

/// The stem and blocks behind it, the last of which puts out maps of `OUT` channels. Nothing runs before the head is
/// known: all of them are one node of the graph.
#[derive(Debug)]
pub struct Backbone<'a, const OUT: usize> {
    stem: &'a layers::Stem,
    blocks: Vec<&'a layers::Block>,
}

impl<'a, const OUT: usize> Backbone<'a, OUT> {
    /// These, and more blocks behind them.
    #[must_use]
    pub fn then<const NEXT: usize>(mut self, blocks: Blocks<'a, OUT, NEXT>) -> Backbone<'a, NEXT> {
        self.blocks.extend(blocks.0);
        Backbone { stem: self.stem, blocks: self.blocks }
    }

    /// Logits `[N, num_classes]` of images `[N, channels, H, W]`, with `head` behind the blocks.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub fn logits<const FEATURES: usize>(
        self,
        head: &Head<OUT, FEATURES>,
        images: &Tensor,
        pass: &Pass<'_>,
    ) -> Result<Tensor> {
        layers::logits(self.stem, self.blocks, &head.0, images, pass)
    }
}

/// The head, to logits.
#[derive(Debug)]
pub struct Head<const IN: usize, const FEATURES: usize>(layers::Head);

impl<const IN: usize, const FEATURES: usize> Head<IN, FEATURES> {
    /// The builder's head.
    ///
    /// # Errors
    /// When the builder has other sizes, or lacks a parameter.
    pub fn new(builder: &mut Builder<'_>) -> Result<Self> {
        builder.head([IN, FEATURES]).map(Self)
    }
}

/// The typed form of an operator's blocks.
macro_rules! block {
    ($(#[$doc:meta])* $vis:vis $name:ident, $operator:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
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
        > $name<IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE>
        {
            /// The builder's next block.
            ///
            /// # Errors
            /// When that is of another type or size, or the builder lacks a parameter.
            $vis fn new(builder: &mut Builder<'_>) -> Result<Self> {
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
        > Block<IN, OUT> for $name<IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE>
        {
            fn untyped(&self) -> &layers::Block {
                &self.0
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
