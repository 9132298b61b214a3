//! Layers of the stem, a block of any type or the head, and blocks one after the other.

use candle_core::{Result, Tensor};
use effnet_spec::plan::{LayerKind, Site};

use super::conv_bn_act::ConvBnAct;
use super::drop_path::DropPath;
use super::squeeze_excite::SqueezeExcite;
use crate::graph::{self, BatchMoments, Sequence, Shortcut};
use crate::pass::Pass;
use crate::scope::Scope;

/// Layers one after the other, the stem's, a block's or the head's, and a block's shortcut.
#[derive(Debug)]
pub struct Block {
    layers: Vec<Layer>,
    /// The drop path of the layers where there is a shortcut, whose branch they are.
    shortcut: Option<DropPath>,
}

#[derive(Debug)]
enum Layer {
    ConvBnAct(ConvBnAct),
    SqueezeExcite(SqueezeExcite),
}

impl Block {
    /// Takes its parameters from `root`, the network's scope.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub(crate) fn new(root: &Scope<'_>, block: &effnet_spec::Block) -> Result<Self> {
        let layers = block.sites().map(|site| Layer::new(root, &site)).collect::<Result<_>>()?;
        Ok(Self { layers, shortcut: block.has_shortcut().then(|| DropPath::new(block)) })
    }

    /// A layer by itself.
    pub(crate) fn of_site(root: &Scope<'_>, site: &Site) -> Result<Self> {
        Ok(Self { layers: vec![Layer::new(root, site)?], shortcut: None })
    }

    /// Its layers as they run in a pass.
    fn sequence(&self, pass: &Pass<'_>) -> Result<Sequence> {
        let layers = self.layers.iter().map(|layer| layer.in_pass(pass)).collect();
        let shortcut: Option<Result<Shortcut>> =
            self.shortcut.as_ref().map(|drop_path| Ok(Shortcut { branch: drop_path.factors(pass)? }));
        Ok(Sequence { layers, shortcut: shortcut.transpose()? })
    }

    /// Leaves the moments of its layers, `None` for those that have none, where a training step collects them.
    fn record(&self, moments: impl Iterator<Item = Option<BatchMoments>>, pass: &Pass<'_>) {
        for (layer, moments) in self.layers.iter().zip(moments) {
            if let (Layer::ConvBnAct(layer), Some(moments)) = (layer, moments) {
                layer.record(moments, pass);
            }
        }
    }
}

/// `[N, H', W', C']` of `x` = `[N, H, W, C]` by blocks one after the other, as one node of the graph.
///
/// # Errors
/// When `x` does not fit the first block, a block not the one before it, or candle fails.
pub(crate) fn run(x: &Tensor, blocks: &[&Block], pass: &Pass<'_>) -> Result<Tensor> {
    let sequences = blocks.iter().map(|block| block.sequence(pass)).collect::<Result<Vec<_>>>()?;
    let (y, moments) = graph::chain(x, &sequences)?;
    let mut moments = moments.into_iter();
    blocks.iter().for_each(|block| block.record(&mut moments, pass));
    Ok(y)
}

impl Layer {
    fn new(root: &Scope<'_>, site: &Site) -> Result<Self> {
        let scope = root.below(site.name());
        Ok(match &site.layer.kind {
            LayerKind::Conv(conv) => Self::ConvBnAct(ConvBnAct::new(&scope, conv)?),
            LayerKind::SqueezeExcite(gate) => Self::SqueezeExcite(SqueezeExcite::new(&scope, gate)?),
            LayerKind::Pooled(_) => {
                candle_core::bail!("`{}` stands behind the mean over pixels, not in a block", site.name())
            }
        })
    }

    fn in_pass(&self, pass: &Pass<'_>) -> graph::Layer {
        match self {
            Self::ConvBnAct(layer) => graph::Layer::ConvNormAct(layer.in_pass(pass)),
            Self::SqueezeExcite(layer) => graph::Layer::SqueezeExcite(layer.in_pass(pass)),
        }
    }
}
