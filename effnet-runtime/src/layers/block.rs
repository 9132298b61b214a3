//! Layers of the stem, a block of any type or the head, and blocks one after the other.

use std::fmt;
use std::sync::Arc;

use candle_core::{Result, Tensor};
use effnet_spec::plan::{LayerKind, Site};

use super::conv_bn_act::ConvBnAct;
use super::drop_path::DropPath;
use super::squeeze_excite::SqueezeExcite;
use crate::graph::{self, BatchMoments, Sequence, Shortcut};
use crate::pass::Pass;
use crate::scope::Scope;

/// Layers one after the other, the stem's, a block's or the head's, and a block's shortcut. A clone shares them.
#[derive(Clone)]
pub struct Block(Arc<Parts>);

struct Parts {
    layers: Vec<Layer>,
    /// The drop path of the layers where there is a shortcut, whose branch they are.
    shortcut: Option<DropPath>,
}

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
        Ok(Self(Arc::new(Parts { layers, shortcut: block.has_shortcut().then(|| DropPath::new(block)) })))
    }

    /// A layer by itself.
    pub(crate) fn of_site(root: &Scope<'_>, site: &Site) -> Result<Self> {
        Ok(Self(Arc::new(Parts { layers: vec![Layer::new(root, site)?], shortcut: None })))
    }

    /// Its layers as they run in a pass.
    fn sequence(&self, pass: &Pass<'_>) -> Result<Sequence> {
        let layers = self.0.layers.iter().map(|layer| layer.in_pass(pass)).collect();
        let shortcut: Option<Result<Shortcut>> =
            self.0.shortcut.as_ref().map(|drop_path| Ok(Shortcut { branch: drop_path.factors(pass)? }));
        Ok(Sequence { layers, shortcut: shortcut.transpose()? })
    }

    /// Leaves the moments of its layers, `None` for those that have none, where a training step collects them.
    fn record(&self, moments: impl Iterator<Item = Option<BatchMoments>>, pass: &Pass<'_>) {
        for (layer, moments) in self.0.layers.iter().zip(moments) {
            if let (Layer::ConvBnAct(layer), Some(moments)) = (layer, moments) {
                layer.record(moments, pass);
            }
        }
    }
}

/// One short line: `blocks.3: expand_conv 3×3 24→96 stride 2 silu, project_conv 1×1 96→48, shortcut`.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { layers, shortcut } = &*self.0;
        let mut line: Vec<String> = layers.iter().map(Layer::described).collect();
        line.extend(shortcut.is_some().then(|| "shortcut".to_owned()));
        match layers.iter().find_map(Layer::place) {
            Some(place) => write!(f, "{place}: {}", line.join(", ")),
            None => f.write_str(&line.join(", ")),
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

    /// Where it lies: `blocks.3`. `None` for the stem's and the head's, and for what has no name of its own.
    fn place(&self) -> Option<&str> {
        match self {
            Self::ConvBnAct(layer) => layer.name().rsplit_once('.').map(|(place, _)| place),
            Self::SqueezeExcite(_) => None,
        }
    }

    /// What it is, in a few words.
    fn described(&self) -> String {
        match self {
            Self::ConvBnAct(layer) => layer.described(),
            Self::SqueezeExcite(layer) => layer.described(),
        }
    }

    fn in_pass(&self, pass: &Pass<'_>) -> graph::Layer {
        match self {
            Self::ConvBnAct(layer) => graph::Layer::ConvNormAct(layer.in_pass(pass)),
            Self::SqueezeExcite(layer) => graph::Layer::SqueezeExcite(layer.in_pass(pass)),
        }
    }
}
