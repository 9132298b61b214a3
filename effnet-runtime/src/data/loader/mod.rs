//! Batches from a source, decoded ahead by threads.
//!
//! The batches depend on source, transform, order, seed and epoch alone. Neither the number of threads nor their timing
//! changes them, and an epoch that begins in its middle continues with the batches it would have had.

mod queue;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use effnet_kernels::threads::{self, MOST_THREADS};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::mix::{Mix, Pictures};
use super::source::Source;
use super::transform::Transform;
use queue::{Filled, PATIENCE, Plan, Queue};

/// What happens to a file that cannot be read or decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadImage {
    /// The file ends the iteration with an error that names it.
    #[default]
    Fail,
    /// Its batch is shorter by one; [`Loader::skipped`] lists it. No other sample takes its place.
    Skip,
}

/// What happens to the samples at the end of an epoch that do not fill a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastBatch {
    /// They form a shorter batch: for evaluation.
    #[default]
    Keep,
    /// They are left out, unless the epoch has no full batch: for training. Batch normalisation makes little of a few
    /// samples and nothing of one, and the next epoch's order serves them.
    Drop,
}

/// How to load.
#[derive(Clone, Debug)]
pub struct LoaderOptions {
    /// Samples a batch, at least 1.
    pub batch: usize,
    /// Threads that read and decode, from 1 to [`MOST_THREADS`]; fewer where the system starts no more.
    pub threads: usize,
    /// The run's seed, for the transform's draws.
    pub seed: u64,
    /// The epoch, for the transform's draws.
    pub epoch: u64,
    /// How many batches at the epoch's beginning to skip, without reading their files.
    pub skip_batches: usize,
    /// What happens to a last batch that is not full.
    pub last: LastBatch,
    /// How many batches may be in work or wait to be taken, at least 1: the bound on memory.
    pub ahead: usize,
    /// What happens to bad files.
    pub on_bad_image: OnBadImage,
    /// How to mix pictures in pairs, if at all.
    pub mix: Option<Mix>,
}

impl LoaderOptions {
    /// Batches of `batch`, one thread for each core, two batches ahead, seed and epoch 0. Keeps every sample, fails on
    /// a bad file, and mixes nothing.
    pub fn new(batch: usize) -> Self {
        Self {
            batch,
            threads: threads::cores(),
            seed: 0,
            epoch: 0,
            skip_batches: 0,
            last: LastBatch::Keep,
            ahead: 2,
            on_bad_image: OnBadImage::Fail,
            mix: None,
        }
    }

    /// Number of batches in an epoch of `samples` samples, those of [`Self::skip_batches`] included.
    pub fn batches(&self, samples: usize) -> usize {
        match self.last {
            LastBatch::Drop if samples >= self.batch => samples / self.batch.max(1),
            _ => samples.div_ceil(self.batch.max(1)),
        }
    }
}

/// Samples for one step.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The batch's number in the epoch, from 0, skipped ones counted.
    pub number: usize,
    /// Normalised pictures: f32 of shape [N, C, H, W]; a loader makes them on the CPU.
    pub images: Tensor,
    /// Their N labels.
    pub labels: Vec<u32>,
    /// Their N ids: indices into the source.
    pub samples: Vec<u64>,
    /// Their N positions in the epoch's order, ascending.
    pub positions: Vec<usize>,
    /// Where pictures were mixed, each one's second label, and the weight of its first label; the second has the rest
    /// of 1. A picture without a partner has a weight of 1.
    pub partners: Option<Vec<(u32, f32)>>,
}

/// A file that was skipped.
#[derive(Debug)]
pub struct Skipped {
    /// Its index in the source.
    pub sample: u64,
    /// The reason; its message names the file.
    pub error: Error,
}

/// An iterator over the batches of an epoch.
///
/// It ends after the first error, which the next call of `next` returns, before batches that are ready. Among several
/// bad files it names the first in the order, unless that one takes long to read. Dropping the loader stops its
/// threads. It does not wait for a thread that hangs on a file; that thread ends when the read returns.
pub struct Loader {
    source: Arc<dyn Source>,
    order: Arc<[usize]>,
    shape: [usize; 3],
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    /// The mix, with the seed and the epoch of its draws.
    mix: Option<(Mix, u64, u64)>,
    skipped: Vec<Skipped>,
}

impl Loader {
    /// Starts to load the samples of `order`, which are indices into `source`.
    ///
    /// # Errors
    /// If an option or a setting of the transform makes no sense, `order` holds an index beyond the source, or no
    /// thread can be started.
    pub fn new(
        source: Arc<dyn Source>,
        transform: Arc<dyn Transform>,
        order: Vec<usize>,
        options: &LoaderOptions,
    ) -> Result<Self, Error> {
        transform.check()?;
        options.mix.map_or(Ok(()), |mix| mix.check())?;
        for (name, value) in [("batch", options.batch), ("threads", options.threads), ("ahead", options.ahead)] {
            Error::require(value > 0, || format!("{name} is 0, and 1 is the least"))?;
        }
        Error::require(options.threads <= MOST_THREADS, || {
            format!("threads is {}, and {MOST_THREADS} is the most", options.threads)
        })?;
        if let Some(index) = order.iter().find(|index| **index >= source.len()) {
            return Err(Error::Option(format!("the order holds sample {index}, but there are only {}", source.len())));
        }
        let shape = transform.shape();
        let queue = Arc::new(Queue::new(Plan {
            batch: options.batch,
            first_batch: options.skip_batches,
            end: order.len().min(options.batches(order.len()).saturating_mul(options.batch)),
            ahead: options.ahead,
            floats: shape.iter().product(),
            on_bad_image: options.on_bad_image,
        }));
        let mut loader = Self {
            source,
            order: order.into(),
            shape,
            queue,
            threads: Vec::new(),
            mix: options.mix.filter(Mix::is_on).map(|mix| (mix, options.seed, options.epoch)),
            skipped: Vec::new(),
        };
        for number in 0..options.threads {
            let work = worker::Worker {
                source: Arc::clone(&loader.source),
                transform: Arc::clone(&transform),
                order: Arc::clone(&loader.order),
                queue: Arc::clone(&loader.queue),
                seed: options.seed,
                epoch: options.epoch,
            };
            match std::thread::Builder::new().name(format!("loader-{number}")).spawn(move || work.run()) {
                Ok(thread) => loader.threads.push(thread),
                Err(error) if number == 0 => {
                    return Err(Error::Option(format!("the system starts no thread to load images: {error}")));
                }
                Err(error) => {
                    let asked = options.threads;
                    tracing::warn!("only {number} of {asked} loader threads: the system starts no more ({error})");
                    break;
                }
            }
        }
        Ok(loader)
    }

    /// The files skipped until now, in the epoch's order.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Makes the batch, or none if all its files were bad.
    fn assemble(&mut self, filled: Filled) -> Result<Option<Batch>, Error> {
        let Filled { number, first, mut images, faults } = filled;
        let floats: usize = self.shape.iter().product();
        let (mut labels, mut samples, mut positions) = (Vec::new(), Vec::new(), Vec::new());
        for (slot, fault) in faults.into_iter().enumerate() {
            let index = self.order[first + slot];
            if let Some(error) = fault {
                self.skipped.push(Skipped { sample: index as u64, error });
                continue;
            }
            if samples.len() < slot {
                images.copy_within(slot * floats..(slot + 1) * floats, samples.len() * floats);
            }
            samples.push(index as u64);
            labels.push(self.source.label(index) as u32);
            positions.push(first + slot);
        }
        if samples.is_empty() {
            return Ok(None);
        }
        images.truncate(samples.len() * floats);
        let [channels, height, width] = self.shape;
        let partners = self.mix.map(|(mix, seed, epoch)| {
            let (samples, positions, labels) = (&samples, &positions, &labels);
            mix.apply(Pictures { floats: &mut images, height, width, samples, positions, labels }, seed, epoch)
        });
        let images = Tensor::from_vec(images, (samples.len(), channels, height, width), &Device::Cpu)?;
        Ok(Some(Batch { number, images, labels, samples, positions, partners }))
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let batch = match self.queue.take()? {
                Ok(filled) => self.assemble(filled),
                Err(error) => Err(error),
            };
            match batch {
                Ok(None) => {}
                Ok(Some(batch)) => return Some(Ok(batch)),
                Err(error) => {
                    self.queue.stop();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.queue.stop();
        let start = Instant::now();
        while self.threads.iter().any(|thread| !thread.is_finished()) && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        for thread in self.threads.drain(..).filter(JoinHandle::is_finished) {
            // The thread's panic was caught and returned as an error.
            let _ = thread.join();
        }
    }
}
