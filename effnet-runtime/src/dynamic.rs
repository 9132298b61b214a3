//! A network from a table that is known at run time only.

use candle_core::{ModuleT, Result, Tensor};
use candle_nn::VarBuilder;
use effnet_spec::Spec;

use crate::builder::Builder;
use crate::layers::{self, Block, Head, Stem};
use crate::network::{Core, Eval, Network};
use crate::pass::Pass;

/// A network whose table is data: from a file, from a checkpoint, from a search. It has the layers of a generated type
/// with the same table, under the same names, and therefore gives the same bits. A clone shares the weights.
#[derive(Clone, Debug)]
pub struct DynamicModel {
    stem: Stem,
    /// Blocks by stage.
    stages: Vec<Vec<Block>>,
    head: Head,
    core: Core,
}

impl DynamicModel {
    /// The network of a table, with `num_classes` classes and parameters from `vb`.
    ///
    /// # Errors
    /// When the table is faulty (every mistake is named), or the builder lacks a parameter.
    pub fn from_spec(spec: &Spec, num_classes: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let mut builder = Builder::new(spec, num_classes, vb)?;
        let stem = builder.stem([spec.settings.in_channels, spec.stem_channels()])?;
        let mut blocks = builder.all_blocks()?.into_iter();
        let repeats = spec.stages().map(|rows| rows.iter().map(|row| row.repeats).sum());
        let stages = repeats.map(|repeats| blocks.by_ref().take(repeats).collect()).collect();
        let head = builder.head([spec.last_channels(), spec.num_features()])?;
        Ok(Self { stem, stages, head, core: builder.finish()? })
    }

    /// Borrows the network for evaluation, as a candle module.
    pub fn eval(&self) -> Eval<'_> {
        Eval::new(self)
    }
}

impl Network for DynamicModel {
    fn core(&self) -> &Core {
        &self.core
    }

    fn run(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        layers::logits(&self.stem, self.stages.iter().flatten(), &self.head, images, pass)
    }

    fn embeddings(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        layers::embeddings(&self.stem, self.stages.iter().flatten(), &self.head, images, pass)
    }

    fn stage_maps(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>> {
        let mut x = self.stem.forward(images, pass)?;
        let mut maps = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            x = layers::run(&x, &stage.iter().collect::<Vec<_>>(), pass)?;
            maps.push(x.permute((0, 3, 1, 2))?.contiguous()?);
        }
        Ok(maps)
    }
}

impl ModuleT for DynamicModel {
    fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.core.pass_t(images, train, |pass| self.run(images, pass))
    }
}
