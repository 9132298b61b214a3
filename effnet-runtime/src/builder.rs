//! Builds a network layer by layer, in the order of its table.

use std::sync::Arc;

use candle_core::Result;
use candle_nn::VarBuilder;
use effnet_spec::{Block, Operator, Spec};

use crate::layers::{self, Head, Stem};
use crate::network::Core;
use crate::scope::Scope;

/// Hands out a network's layers in order: the stem, each block, the head.
pub struct Builder<'a> {
    spec: Spec,
    num_classes: usize,
    root: Scope<'a>,
    blocks: std::vec::IntoIter<Block>,
}

impl<'a> Builder<'a> {
    /// A builder for a network of this table with `num_classes` classes, whose parameters are `vb`'s.
    ///
    /// # Errors
    /// When the table is faulty, or the builder's dialect cannot be read.
    pub fn new(spec: &Spec, num_classes: usize, vb: VarBuilder<'a>) -> Result<Self> {
        check_network(spec)?;
        let blocks: Vec<Block> = spec.blocks().collect();
        let root = Scope::root(&spec.settings, vb)?;
        Ok(Self { spec: spec.clone(), num_classes, root, blocks: blocks.into_iter() })
    }

    /// The stem. `sizes` are the image's and the stem's channels.
    pub(crate) fn stem(&mut self, sizes: [usize; 2]) -> Result<Stem> {
        expect("the stem", sizes, [self.spec.settings.in_channels, self.spec.stem_channels()])?;
        Stem::new(&self.root, &self.spec)
    }

    /// The next block. `sizes` are its input, expanded, squeezed and output channels, its kernel and its stride.
    pub(crate) fn next_block(&mut self, operator: Operator, sizes: [usize; 6]) -> Result<layers::Block> {
        let Some(block) = self.blocks.next() else {
            candle_core::bail!("`{}` has no more than {} blocks", self.spec.name, self.spec.num_blocks())
        };
        let Block { in_channels, expanded, squeezed, out_channels, kernel, stride, .. } = block;
        let what = format!("{} block {}", operator.name(), block.index);
        expect(&what, sizes, [in_channels, expanded, squeezed, out_channels, kernel, stride])?;
        if operator != block.operator {
            candle_core::bail!("{what} is a {} block in the table", block.operator.name())
        }
        layers::Block::new(&self.root, &block)
    }

    /// The remaining blocks, of any type.
    pub(crate) fn all_blocks(&mut self) -> Result<Vec<layers::Block>> {
        std::mem::take(&mut self.blocks).map(|block| layers::Block::new(&self.root, &block)).collect()
    }

    /// The head. `sizes` are the last stage's and the head's channels.
    pub(crate) fn head(&mut self, sizes: [usize; 2]) -> Result<Head> {
        expect("the head", sizes, [self.spec.last_channels(), self.spec.num_features()])?;
        Head::new(&self.root, &self.spec, self.num_classes)
    }

    /// The rest of the network, besides its layers.
    ///
    /// # Errors
    /// When not every block has been taken, or a pattern of frozen weights points into the network and matches none.
    pub fn finish(self) -> Result<Core> {
        if self.blocks.len() > 0 {
            candle_core::bail!("{} blocks of `{}` were left out", self.blocks.len(), self.spec.name)
        }
        self.root.params.check_frozen()?;
        Ok(Core {
            dialect: self.root.dialect,
            num_classes: self.num_classes,
            params: self.root.params,
            own_steps: Arc::default(),
            spec: self.spec,
        })
    }
}

/// Refuses a table that no network can be built of.
///
/// # Errors
/// When the table is faulty.
pub(crate) fn check_network(spec: &Spec) -> Result<()> {
    let mistakes: Vec<String> = spec.check_built().iter().map(ToString::to_string).collect();
    if !mistakes.is_empty() {
        candle_core::bail!("the table of `{}` is faulty: {}", spec.name, mistakes.join("; "))
    }
    Ok(())
}

fn expect<const N: usize>(what: &str, asked: [usize; N], table: [usize; N]) -> Result<()> {
    if asked != table {
        candle_core::bail!("{what} was built with sizes {asked:?}, and the table has {table:?}")
    }
    Ok(())
}
