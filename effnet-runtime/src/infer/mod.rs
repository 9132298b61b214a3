//! Inference on the CPU: a network planned before the first image.
//!
//! An [`Engine`] holds a network's weights with batch normalisation folded in, packed for the machine's level. It is
//! immutable and an `Arc` inside already: a clone is cheap, and each thread or handler of requests may own one. A [`Session`] holds the memory for images of one size; running it allocates
//! nothing.
//!
//! ```
//! use effnet_runtime::infer::{Engine, Options};
//! use effnet_runtime::{Params, efficientnet_v2};
//!
//! efficientnet_v2! {
//!     pub struct Small <
//!         [1, 3, 1, 1,  8,  8, fused,  0],
//!         [2, 3, 2, 4,  8, 16, fused,  0],
//!         [3, 5, 2, 4, 16, 24, mbconv, 0.25],
//!     > { num_features: 64 }
//! }
//!
//! # fn main() -> effnet_runtime::candle::Result<()> {
//! let network = Small::new(10, Params::new(0).builder())?;
//! let engine = Engine::new(&network, &Options::default())?;
//! let mut session = engine.session(1, 32, 32)?;
//! let images = vec![0.5; 3 * 32 * 32];
//! let mut logits = vec![0.0; 10];
//! session.run(&images, &mut logits)?;
//! # Ok(())
//! # }
//! ```

mod block;
mod conv;
mod depthwise;
pub(crate) mod fold;
mod fused;
mod head;
mod layered;
mod map;
mod mbconv;
mod profile;
mod run;
mod schedule;
mod session;
mod squeeze_excite;
mod stem;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Result, Tensor};
use effnet_kernels::Precision;
use effnet_kernels::simd::Level;
use effnet_kernels::threads::{self, Pool};
use effnet_spec::{Padding, Spec};

use crate::backend::view::view;
use crate::builder::check_network;
use crate::dialect::Dialect;
use crate::images;
use crate::network::Network;
use crate::weights::{self, Said, WeightsFile};
use fold::{OfFile, OfNetwork, Source};
pub use profile::{Kind, Place, Span};
use schedule::Schedule;
pub use session::Session;

/// Options of an engine.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Threads that a session runs on, the caller's counted; `None` for those of the process's pool.
    pub threads: Option<usize>,
    /// Number format of what matrix products multiply; their sums are f32, and so is everything else: maps between
    /// blocks, depthwise convolutions, 3×3 convolutions by Winograd's algorithm, squeeze-and-excitation, the
    /// classifier. Any machine computes bf16, and one without the instruction ([`Level::has_bf16`]) takes longer than
    /// in f32. A layer with an odd number of channels, and a block without a schedule of its own, such as a fused one
    /// with squeeze-and-excitation, stay f32.
    pub precision: Precision,
}

impl Options {
    /// The same, on this many threads.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// The same, in this number format.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }
}

/// The conventions that all layers of an engine share.
struct Conventions {
    level: Level,
    precision: Precision,
    padding: Padding,
    eps: f64,
}

impl Conventions {
    /// The number format of a product whose left-hand side has `channels` channels.
    fn precision(&self, channels: usize) -> Precision {
        if channels.is_multiple_of(2) { self.precision } else { Precision::F32 }
    }
}

/// The packed network.
#[derive(Debug)]
struct Layers {
    level: Level,
    in_channels: usize,
    num_classes: usize,
    stem: stem::Stem,
    blocks: Vec<Box<dyn Schedule>>,
    head: head::Head,
}

impl Layers {
    /// Floats that a run puts out for an image: its logits, or without classes its embeddings.
    fn width(&self) -> usize {
        if self.num_classes == 0 { self.head.width() } else { self.num_classes }
    }
}

/// A network for inference. Cloning it shares the weights.
#[derive(Clone)]
pub struct Engine {
    layers: Arc<Layers>,
    pool: Arc<Pool>,
    /// The session of the last call of [`Engine::forward`].
    last: Arc<Mutex<Option<Session>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("threads", &self.pool.threads()).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with a network's weights as they are now; later changes of them do not reach it.
    ///
    /// # Errors
    /// When the network lacks a parameter that its table calls for.
    pub fn new(network: &dyn Network, options: &Options) -> Result<Self> {
        Ok(Self::build(&OfNetwork(network), network.spec(), network.dialect(), network.num_classes(), options)?)
    }

    /// An engine with the weights of a file, read tensor by tensor: no network is built, and no more than the largest
    /// tensor is in memory twice. `spec` is the table, the file's own ([`weights::Metadata`]) or a variant's; `said` is
    /// the convention that the caller names, or a dialect of his own, or `None`, as for [`weights::read_network`].
    ///
    /// # Errors
    /// When the file cannot be read, or does not fit the table: all that is missing, unexpected or wrong in shape is
    /// named. When a weight is NaN or infinite: the first in the network's order is named.
    pub fn open(file: &WeightsFile, spec: &Spec, said: impl Into<Said>, options: &Options) -> weights::Result<Self> {
        let dialect = file.dialect(spec, said)?;
        let num_classes = file.classes_to_fill()?;
        check_network(spec)?;
        weights::check(file, spec, &dialect, num_classes)?;
        let source = OfFile::new(file, spec)?;
        Self::build(&source, spec, &dialect, num_classes, options)
    }

    fn build(
        source: &dyn Source,
        spec: &Spec,
        dialect: &Dialect,
        num_classes: usize,
        options: &Options,
    ) -> weights::Result<Self> {
        let pool = options.threads.map_or_else(threads::current, |threads| Arc::new(Pool::new(threads)));
        if options.precision == Precision::Bf16 && !Level::current().has_bf16() {
            tracing::warn!("this CPU has no instruction for bf16: it takes longer than in f32");
        }
        let with = Conventions {
            level: Level::current(),
            precision: options.precision,
            padding: dialect.padding,
            eps: dialect.bn_eps,
        };
        // Results are taken in the network's order: an error names the first weight that is at fault.
        let stem = stem::Stem::new(source, (&spec.stem().name(), &spec.stem_conv()), &with)?;
        let blocks: Vec<_> = spec.blocks().collect();
        let mut packed: Vec<Option<weights::Result<_>>> = blocks.iter().map(|_| None).collect();
        pool.for_each_chunk(&mut packed, 1, |at, packed| {
            packed[0] = Some(block::schedule(source, &blocks[at], &with));
        });
        let blocks = packed.into_iter().flatten().collect::<weights::Result<_>>()?;
        let layers = Layers {
            level: with.level,
            in_channels: spec.settings.in_channels,
            num_classes,
            stem,
            blocks,
            head: head::Head::new(source, spec, num_classes, &with)?,
        };
        Ok(Self { layers: Arc::new(layers), pool, last: Arc::default() })
    }

    /// Width of the classifier; 0 without one.
    pub fn num_classes(&self) -> usize {
        self.layers.num_classes
    }

    /// Width of the embeddings.
    pub fn num_features(&self) -> usize {
        self.layers.head.width()
    }

    /// Memory for `batch` images of this size, in pixels.
    ///
    /// # Errors
    /// When one of the numbers is 0.
    pub fn session(&self, batch: usize, height: usize, width: usize) -> Result<Session> {
        Session::new(self.layers.clone(), self.pool.clone(), batch, (height, width))
    }

    /// Logits `[N, num_classes]` of images `[N, C, H, W]`; of a network without classes, its embeddings. The session is kept for the next call with images of the
    /// same shape; threads that call at the same time have one of their own.
    ///
    /// # Errors
    /// When the images are not F32 on the CPU, have another number of channels, or are none at all.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor> {
        self.run(images, self.layers.width(), Session::run)
    }

    /// Embeddings `[N, num_features]` of images `[N, C, H, W]`: what the classifier reads, timm's `pre_logits`. Sessions
    /// are kept as by [`Engine::forward`].
    ///
    /// # Errors
    /// As [`Engine::forward`].
    pub fn embeddings(&self, images: &Tensor) -> Result<Tensor> {
        self.run(images, self.num_features(), Session::embed)
    }

    fn run(
        &self,
        images: &Tensor,
        floats: usize,
        run: impl FnOnce(&mut Session, &[f32], &mut [f32]) -> Result<()>,
    ) -> Result<Tensor> {
        if !images.device().is_cpu() {
            candle_core::bail!(
                "the engine takes images on the CPU, and was given some on {:?}",
                images.device().location()
            )
        }
        let [batch, _, height, width] = images::check(images, self.layers.in_channels)?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut session = match last.filter(|session| session.shape() == (batch, height, width)) {
            Some(session) => session,
            None => self.session(batch, height, width)?,
        };
        let mut out = vec![0.0; batch * floats];
        let images = images.contiguous()?;
        run(&mut session, &view(&images)?, &mut out)?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        Tensor::from_vec(out, (batch, floats), images.device())
    }
}
