//! A stage's blocks, and a network's stages up to its head.

use std::fmt;
use std::marker::PhantomData;

use candle_core::{Result, Tensor};

use super::blocks::{Blocks, Map};
use super::{Head, Layers, layers};
use crate::builder::Builder;
use crate::feature_map::FeatureMap;
use crate::pass::Pass;

/// A stage: blocks that run as one node of the graph where its feature map is asked for.
#[derive(Clone)]
pub struct Stage<B: Blocks>(B);

impl<B: Blocks> Layers for Stage<B> {
    fn take(builder: &mut Builder<'_>) -> Result<Self> {
        B::take(builder).map(Self)
    }
}

impl<B: Blocks> Stage<B> {
    /// The last block's feature map.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &B::In, pass: &Pass<'_>) -> Result<B::Out> {
        B::Out::from_nhwc(layers::run(x.as_nhwc(), &self.untyped(), pass)?)
    }

    fn untyped(&self) -> Vec<&layers::Block> {
        let mut blocks = Vec::new();
        self.0.push(&mut blocks);
        blocks
    }
}

/// A line a block, however they lie in the type.
impl<B: Blocks> fmt::Debug for Stage<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.untyped()).finish()
    }
}

/// The stem and stages behind it, the last of which puts out an `Out`. Nothing runs before the head is known: all of
/// them are one node of the graph.
#[derive(Debug)]
pub struct Backbone<'a, Out> {
    stem: &'a layers::Stem,
    blocks: Vec<&'a layers::Block>,
    out: PhantomData<Out>,
}

impl<'a, Out> Backbone<'a, Out> {
    /// The stem alone.
    pub(super) fn new(stem: &'a layers::Stem) -> Self {
        Self { stem, blocks: Vec::new(), out: PhantomData }
    }

    /// These, and one more stage behind them.
    #[must_use]
    pub fn then<B: Blocks<In = Out>>(self, stage: &'a Stage<B>) -> Backbone<'a, B::Out> {
        let Self { stem, mut blocks, .. } = self;
        stage.0.push(&mut blocks);
        Backbone { stem, blocks, out: PhantomData }
    }
}

impl<const OUT: usize> Backbone<'_, FeatureMap<OUT>> {
    /// Embeddings `[N, FEATURES]` of images `[N, channels, H, W]`, with `head` behind the stages.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub fn embeddings<const FEATURES: usize>(
        self,
        head: &Head<OUT, FEATURES>,
        images: &Tensor,
        pass: &Pass<'_>,
    ) -> Result<Tensor> {
        layers::embeddings(self.stem, self.blocks, &head.0, images, pass)
    }

    /// Logits `[N, num_classes]` of images `[N, channels, H, W]`, with `head` behind the stages.
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
