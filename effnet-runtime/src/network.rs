//! The one trait between models and everything that uses them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{Module, Result, Tensor};
use effnet_kernels::Precision;
use effnet_spec::Spec;

use crate::dialect::Dialect;
use crate::params::Params;
use crate::pass::{NormUpdates, Pass, Statistics, Step};

/// A network of the EfficientNetV2 family. Types of `efficientnet_v2!` and [`crate::DynamicModel`] implement it;
/// training, evaluation, export and the command line take a `&dyn Network` and nothing else.
pub trait Network: Send + Sync {
    /// The rest of the network, besides its layers.
    fn core(&self) -> &Core;

    /// Logits `[N, num_classes]` of images `[N, channels, H, W]`; without classes, the images' embeddings.
    ///
    /// # Errors
    /// When the images' shape does not fit, or candle fails.
    fn run(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor>;

    /// Embeddings `[N, num_features]` of images `[N, channels, H, W]`: what the classifier reads, in front of dropout
    /// (timm's `forward_head(…, pre_logits=True)`).
    ///
    /// # Errors
    /// When the images' shape does not fit, or candle fails.
    fn embeddings(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor>;

    /// The feature map `[N, C, H, W]` of each stage, for images `[N, channels, H, W]`.
    ///
    /// # Errors
    /// When the images' shape does not fit, or candle fails.
    fn stage_maps(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>>;

    /// Table and settings.
    fn spec(&self) -> &Spec {
        &self.core().spec
    }

    /// Conventions of the weights it holds.
    fn dialect(&self) -> &Dialect {
        &self.core().dialect
    }

    /// Width of the classifier; 0 without one.
    fn num_classes(&self) -> usize {
        self.core().num_classes
    }

    /// Width of the embeddings.
    fn num_features(&self) -> usize {
        self.spec().num_features()
    }

    /// Weights and buffers.
    fn params(&self) -> &Params {
        &self.core().params
    }
}

/// A constructor that chooses among types serves wherever one of a single type does.
impl<N: Network + ?Sized> Network for Box<N> {
    fn core(&self) -> &Core {
        (**self).core()
    }

    fn run(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        (**self).run(images, pass)
    }

    fn embeddings(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        (**self).embeddings(images, pass)
    }

    fn stage_maps(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>> {
        (**self).stage_maps(images, pass)
    }
}

/// A network borrowed for evaluation, as a candle [`Module`].
#[derive(Clone, Copy)]
pub struct Eval<'a>(&'a dyn Network);

impl<'a> Eval<'a> {
    /// Borrows a network.
    pub fn new(network: &'a dyn Network) -> Self {
        Self(network)
    }
}

impl Module for Eval<'_> {
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        self.0.run(images, &Pass::Eval(Precision::F32))
    }
}

/// The rest of a network, besides its layers: table, conventions, parameters. A clone shares the parameters.
#[derive(Clone)]
pub struct Core {
    pub(crate) spec: Spec,
    pub(crate) dialect: Dialect,
    pub(crate) num_classes: usize,
    pub(crate) params: Params,
    /// Steps that `forward_t` took, for callers who bring no [`Step`]: a network keeps no other count. Clones count
    /// together, as they share the weights that the steps change: no two of their steps draw the same.
    pub(crate) own_steps: Arc<AtomicU64>,
}

/// One short line.
impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, num_classes, params, .. } = self;
        write!(f, "`{}`, {num_classes} classes, {} parameters", spec.name, params.trainable())
    }
}

impl Core {
    /// What `run` makes of a pass, in the sense of candle's `ModuleT::forward_t`: with `train`, the pass is a step of the
    /// network's own, with the table's dropout and drop path, whose batch statistics go to the running buffers at once.
    ///
    /// # Errors
    /// The errors of `run`.
    pub fn pass_t<T>(&self, images: &Tensor, train: bool, run: impl FnOnce(&Pass<'_>) -> Result<T>) -> Result<T> {
        if !train {
            return run(&Pass::Eval(Precision::F32));
        }
        let samples: Vec<u64> = (0..images.dim(0)? as u64).collect();
        let norms = NormUpdates::new();
        let step = Step {
            seed: 0,
            step: self.own_steps.fetch_add(1, Ordering::Relaxed),
            samples: &samples,
            dropout: self.spec.settings.dropout,
            drop_path_scale: 1.0,
            precision: Precision::F32,
            statistics: &Statistics::Local,
            norms: &norms,
        };
        let result = run(&Pass::Train(&step))?;
        norms.apply(&self.params)?;
        Ok(result)
    }
}
