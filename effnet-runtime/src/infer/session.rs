//! A session: the memory of an engine's run, and the run itself.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Result;
use effnet_kernels::buffer::{Buffer, CACHE_LINE, Shared};
use effnet_kernels::threads::Pool;

use super::Layers;
use super::conv::Input;
use super::head::Features;
use super::map::{Border, Map};
use super::profile::{Kind, Place, Span};
use super::run::Run;
use super::schedule::Between;

/// Most images that run at once: enough to use each weight again while it is in the cache. A larger batch runs in
/// groups, and needs no more memory.
const GROUP: usize = 8;

/// Floats of each part of the memory.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    /// The two maps that blocks read and write in turn.
    maps: [usize; 2],
    /// One of them in bf16.
    narrow: usize,
    /// The floats of [`Schedule::between`](super::schedule::Schedule::between).
    between: [usize; 3],
    /// Means over pixels, and what a pooled head makes of them.
    features: [usize; 2],
    /// Each thread's scratch memory.
    scratch: usize,
}

impl Sizes {
    /// Rounds each part up to whole cache lines, so that no two parts, or two threads' scratch memory, share one.
    fn aligned(self) -> Self {
        let up = |floats: usize| floats.next_multiple_of(CACHE_LINE);
        Self {
            maps: self.maps.map(up),
            narrow: up(self.narrow),
            between: self.between.map(up),
            features: self.features.map(up),
            scratch: up(self.scratch),
        }
    }

    fn total(&self, threads: usize) -> usize {
        let shared: usize = self.maps.iter().chain(&self.between).chain(&self.features).sum();
        shared + self.narrow + threads * self.scratch
    }
}

/// What a run puts out.
#[derive(Clone, Copy)]
enum Out {
    Logits,
    Embeddings,
}

/// Memory for a batch of images of one size, and the network that runs in it.
pub struct Session {
    layers: Arc<Layers>,
    pool: Arc<Pool>,
    batch: usize,
    size: (usize, usize),
    /// The map in front of each block, and of the head.
    maps: Vec<Map>,
    sizes: Sizes,
    memory: Buffer,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("batch", &self.batch).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(layers: Arc<Layers>, pool: Arc<Pool>, batch: usize, size: (usize, usize)) -> Result<Self> {
        if batch == 0 || size.0 == 0 || size.1 == 0 {
            candle_core::bail!("a session of {batch} images of {} × {} pixels was asked for", size.0, size.1)
        }
        let group = batch.min(GROUP);
        let mut sizes = Sizes { scratch: layers.stem.scratch(size), ..Sizes::default() };
        let mut maps = Vec::with_capacity(layers.blocks.len() + 1);
        let (mut at, mut channels) = (layers.stem.output(size), layers.stem.out_channels());
        for (number, block) in layers.blocks.iter().enumerate() {
            let map = Map { size: at, channels, border: block.border(at) };
            sizes.maps[number % 2] = sizes.maps[number % 2].max(group * map.image());
            for (size, floats) in sizes.between.iter_mut().zip(block.between(at)) {
                *size = (*size).max(group * floats);
            }
            sizes.scratch = sizes.scratch.max(block.scratch(at));
            if block.reads_bf16() {
                sizes.narrow = sizes.narrow.max(group * map.image() / 2);
            }
            maps.push(map);
            (at, channels) = (block.output(at), block.out_channels());
        }
        let last = Map { size: at, channels, border: Border::default() };
        let slot = &mut sizes.maps[layers.blocks.len() % 2];
        *slot = (*slot).max(group * last.image());
        maps.push(last);
        if layers.head.reads_bf16() {
            sizes.narrow = sizes.narrow.max(group * last.image() / 2);
        }
        sizes.scratch = sizes.scratch.max(layers.head.scratch(at));
        sizes.features = layers.head.features().map(|floats| group * floats);
        let sizes = sizes.aligned();
        let memory = Buffer::zeros(sizes.total(pool.threads()));
        Ok(Self { layers, pool, batch, size, maps, sizes, memory })
    }

    /// Images, height and width.
    pub fn shape(&self) -> (usize, usize, usize) {
        (self.batch, self.size.0, self.size.1)
    }

    /// Logits `[N, num_classes]` of images `[N, C, H, W]`, normalised. Allocates nothing. A network without classes puts
    /// out its embeddings.
    ///
    /// # Errors
    /// When one of the slices has another length.
    pub fn run(&mut self, images: &[f32], logits: &mut [f32]) -> Result<()> {
        self.run_with(images, Out::Logits, logits, None)
    }

    /// Embeddings `[N, num_features]` of images `[N, C, H, W]`, normalised: what the classifier reads. Allocates nothing.
    ///
    /// # Errors
    /// When one of the slices has another length.
    pub fn embed(&mut self, images: &[f32], embeddings: &mut [f32]) -> Result<()> {
        self.run_with(images, Out::Embeddings, embeddings, None)
    }

    /// [`Session::run`] with a clock: the time of each job, in the order in which they ran.
    ///
    /// # Errors
    /// The errors of [`Session::run`].
    pub fn profile(&mut self, images: &[f32], logits: &mut [f32]) -> Result<Vec<Span>> {
        let spans = Mutex::default();
        self.run_with(images, Out::Logits, logits, Some(&spans))?;
        Ok(spans.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn run_with(
        &mut self,
        images: &[f32],
        wanted: Out,
        out: &mut [f32],
        spans: Option<&Mutex<Vec<Span>>>,
    ) -> Result<()> {
        let layers = self.layers.clone();
        let image = layers.in_channels * self.size.0 * self.size.1;
        let (name, width) = match wanted {
            Out::Logits => ("logits", layers.width()),
            Out::Embeddings => ("embeddings", layers.head.width()),
        };
        if images.len() != self.batch * image || out.len() != self.batch * width {
            candle_core::bail!(
                "a session of {} images was given {} floats of images and room for {} {name}; it takes {} and {}",
                self.batch,
                images.len(),
                out.len(),
                self.batch * image,
                self.batch * width
            )
        }
        let groups = images.chunks(GROUP * image).zip(out.chunks_mut(GROUP * width));
        groups.for_each(|(images, out)| self.run_group(&layers, images, wanted, out, spans));
        Ok(())
    }

    fn run_group(
        &mut self,
        layers: &Layers,
        images: &[f32],
        wanted: Out,
        out: &mut [f32],
        spans: Option<&Mutex<Vec<Span>>>,
    ) {
        let sizes = self.sizes;
        let (mut from, rest) = self.memory.split_at_mut(sizes.maps[0]);
        let (mut to, rest) = rest.split_at_mut(sizes.maps[1]);
        let (narrow, rest) = rest.split_at_mut(sizes.narrow);
        let (wide, rest) = rest.split_at_mut(sizes.between[0]);
        let (sums, rest) = rest.split_at_mut(sizes.between[1]);
        let (squeezed, rest) = rest.split_at_mut(sizes.between[2]);
        let (means, rest) = rest.split_at_mut(sizes.features[0]);
        let (pooled, scratch) = rest.split_at_mut(sizes.features[1]);
        let mut run = Run {
            level: layers.level,
            pool: &self.pool,
            scratch: Shared::new(scratch),
            scratch_size: sizes.scratch,
            batch: images.len() / (layers.in_channels * self.size.0 * self.size.1),
            spans,
            place: Place::Stem,
        };
        let batch = run.batch;
        run.timed(Kind::Border, 0, || self.maps[0].clear_border(batch, from));
        layers.stem.run(&run, images, self.size, from, self.maps[0]);
        for (number, block) in layers.blocks.iter().enumerate() {
            run.place = Place::Block(number);
            let (x, next) = (self.maps[number], self.maps[number + 1]);
            run.timed(Kind::Border, 0, || next.clear_border(batch, to));
            let between = Between { wide, sums, squeezed };
            let x = input(&run, block.reads_bf16(), from, x, narrow);
            block.run(&run, x, between, to, next);
            std::mem::swap(&mut from, &mut to);
        }
        run.place = Place::Head;
        let last = self.maps[layers.blocks.len()];
        let [of_means, of_pooled] = layers.head.features();
        let features = Features { means: &mut means[..batch * of_means], pooled: &mut pooled[..batch * of_pooled] };
        let x = input(&run, layers.head.reads_bf16(), from, last, narrow);
        let embeddings = layers.head.embed(&run, x, features);
        match wanted {
            Out::Logits => layers.head.classify(&run, embeddings, out),
            Out::Embeddings => out.copy_from_slice(embeddings),
        }
    }
}

/// A map to read, narrowed to bf16 too if its reader reads that.
fn input<'a>(run: &Run<'_>, reads_bf16: bool, data: &'a [f32], map: Map, narrow: &'a mut [f32]) -> Input<'a> {
    let floats = if reads_bf16 { run.batch * map.image() } else { 0 };
    let narrow = &mut narrow[..floats / 2];
    if reads_bf16 {
        run.narrow(&data[..floats], narrow);
    }
    Input { data, map, narrow }
}
