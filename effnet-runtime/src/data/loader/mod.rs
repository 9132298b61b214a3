//! Batches from a source, decoded ahead by threads.
//!
//! The batches depend on source, transform, order, seed and epoch alone. Neither the number of threads nor their timing
//! changes them, and an epoch that begins in its middle continues with the batches it would have had.

mod noise;
mod queue;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use effnet_kernels::threads::{self, MOST_THREADS};
use serde::{Deserialize, Serialize};

use super::check::BadFile;
use super::error::Error;
use super::mix::{Mix, Pictures};
use super::share::Share;
use super::source::Source;
use super::transform::Transform;
use queue::{Filled, PATIENCE, Queue};
use work::Work;

/// Handling of a file that cannot be read or decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadImage {
    /// The file ends the iteration with an error that names it.
    #[default]
    Fail,
    /// Its batch is shorter by one; [`Loader::skipped`] lists it. No other sample takes its place.
    Skip,
}

/// Handling of the samples at the end of an epoch that do not fill a batch.
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
    /// Handling of a last batch that is not full.
    pub last: LastBatch,
    /// How many batches may be in work or wait to be taken, at least 1: the bound on memory.
    pub ahead: usize,
    /// Handling of bad files.
    pub on_bad_image: OnBadImage,
    /// How to mix pictures in pairs, if at all.
    pub mix: Option<Mix>,
    /// The part of each batch to load. Numbers and positions are those of the whole batches.
    pub share: Share,
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
            share: Share::WHOLE,
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

/// An iterator over the batches of an epoch.
///
/// It ends after the first error, which the next call of `next` returns, before batches that are ready. Among several
/// bad files it names the first in the order, unless that one takes long to read. Dropping the loader stops its
/// threads. It does not wait for a thread that hangs on a file; that thread ends when the read returns.
pub struct Loader {
    work: Arc<Work>,
    threads: Vec<JoinHandle<()>>,
    skipped: Vec<BadFile>,
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
        let queue = Queue::new(options, order.len(), transform.shape().iter().product());
        let work = Arc::new(Work { source, transform, order, options: options.clone(), queue });
        let mut loader = Self { work, threads: Vec::new(), skipped: Vec::new() };
        for number in 0..options.threads {
            let work = Arc::clone(&loader.work);
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
    pub fn skipped(&self) -> &[BadFile] {
        &self.skipped
    }

    /// Makes the batch, or none if all its files were bad.
    fn assemble(&mut self, filled: Filled) -> Result<Option<Batch>, Error> {
        let Filled { number, first, mut images, faults } = filled;
        let Work { source, order, options: LoaderOptions { mix, seed, epoch, .. }, .. } = &*self.work;
        let [channels, height, width] = self.work.transform.shape();
        let floats = channels * height * width;
        let (mut labels, mut samples, mut positions) = (Vec::new(), Vec::new(), Vec::new());
        for (slot, fault) in faults.into_iter().enumerate() {
            let index = order[first + slot];
            if let Some(error) = fault {
                self.skipped.push(BadFile { sample: index, error });
                continue;
            }
            if samples.len() < slot {
                images.copy_within(slot * floats..(slot + 1) * floats, samples.len() * floats);
            }
            samples.push(index as u64);
            labels.push(source.label(index) as u32);
            positions.push(first + slot);
        }
        if samples.is_empty() {
            return Ok(None);
        }
        images.truncate(samples.len() * floats);
        let partners = mix.filter(Mix::is_on).map(|mix| {
            let (samples, positions, labels) = (&samples, &positions, &labels);
            mix.apply(Pictures { floats: &mut images, height, width, samples, positions, labels }, *seed, *epoch)
        });
        let images = Tensor::from_vec(images, (samples.len(), channels, height, width), &Device::Cpu)?;
        Ok(Some(Batch { number, images, labels, samples, positions, partners }))
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let batch = self.work.queue.take()?.and_then(|filled| self.assemble(filled));
            if batch.is_err() {
                self.work.queue.stop();
            }
            if let Some(batch) = batch.transpose() {
                return Some(batch);
            }
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.work.queue.stop();
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
