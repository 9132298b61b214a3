//! Layers whose type carries their channel counts, for generated code.
//!
//! Each is the run-time-sized layer of the same name with its sizes as const parameters: it adds types, and no
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
        FeatureMap::from_nhwc(layers::run(&self.0.map(images, pass)?, &[self.0.sequence()], pass)?)
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

    /// Logits `[N, num_classes]` of images `[N, IMAGE, H, W]`, by the stem, the blocks and this.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub fn run<const IMAGE: usize, const FIRST: usize>(
        &self,
        stem: &Stem<IMAGE, FIRST>,
        blocks: Blocks<'_, FIRST, IN>,
        images: &Tensor,
        pass: &Pass<'_>,
    ) -> Result<Tensor> {
        layers::run_network(&stem.0, blocks.0, &self.0, images, pass)
    }
}

/// A block from maps of `IN` channels to maps of `OUT`.
pub trait Block<const IN: usize, const OUT: usize> {
    /// Its layers, and the shortcut around them.
    fn sequence(&self) -> layers::Sequence<'_>;
}

/// Blocks from maps of `IN` channels to maps of `OUT`, which run as one node of the graph.
pub struct Blocks<'a, const IN: usize, const OUT: usize>(Vec<layers::Sequence<'a>>);

impl<'a, const IN: usize, const OUT: usize> Blocks<'a, IN, OUT> {
    /// A single one.
    #[must_use]
    pub fn new(first: &'a impl Block<IN, OUT>) -> Self {
        Self(vec![first.sequence()])
    }

    /// These, and another behind them.
    #[must_use]
    pub fn then<const NEXT: usize>(mut self, next: &'a impl Block<OUT, NEXT>) -> Blocks<'a, IN, NEXT> {
        self.0.push(next.sequence());
        Blocks(self.0)
    }

    /// These, and others behind them.
    #[must_use]
    pub fn join<const NEXT: usize>(mut self, next: Blocks<'a, OUT, NEXT>) -> Blocks<'a, IN, NEXT> {
        self.0.extend(next.0);
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

/// A typed block over the run-time-sized one of the same name.
macro_rules! block {
    ($(#[$doc:meta])* $name:ident, $operator:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<
            const IN: usize,
            const EXPANDED: usize,
            const SQUEEZED: usize,
            const OUT: usize,
            const KERNEL: usize,
            const STRIDE: usize,
        >(layers::$name);

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
            /// When that is of another kind or size, or the builder lacks a parameter.
            pub fn new(builder: &mut Builder<'_>) -> Result<Self> {
                let (scope, block) =
                    builder.next_block(Operator::$operator, [IN, EXPANDED, SQUEEZED, OUT, KERNEL, STRIDE])?;
                layers::$name::new(&scope, &block).map(Self)
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
            fn sequence(&self) -> layers::Sequence<'_> {
                self.0.sequence()
            }
        }
    };
}

block!(
    /// Fused-MBConv.
    FusedMbConv, Fused
);
block!(
    /// MBConv.
    MbConv, MbConv
);
