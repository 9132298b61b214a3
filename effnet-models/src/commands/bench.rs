//! `effnet bench`: how long does a network take?

use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::data::Batch;
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::simd::Level;
use effnet_runtime::train::optimizer::{AdamW, Decay, Optimizer};
use effnet_runtime::train::{StepOptions, memory, step};
use effnet_runtime::{Network, Params, Pass, Precision};
use serde::Serialize;

use super::architecture::Architecture;
use super::output;
use super::threads::Threads;

/// Runs that are not counted: they fault memory in and wake threads up.
const WARM_UP: usize = 3;

/// Times inference or training steps, with random weights and images
#[derive(Args, Debug)]
pub(super) struct Bench {
    #[command(flatten)]
    architecture: Architecture,
    /// What to time
    #[arg(long, value_enum, default_value_t = Mode::Infer)]
    mode: Mode,
    /// Side of an image in pixels [default: the table's evaluation size]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16384))]
    size: Option<u32>,
    /// Images a run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Runs that are timed, after 3 that are not
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Classes of the classifier
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    classes: u32,
    #[command(flatten)]
    threads: Threads,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// Logits of a batch
    Infer,
    /// A whole training step: forward, loss, backward, optimizer
    Train,
}

#[derive(Serialize)]
struct Measurement {
    name: String,
    mode: Mode,
    size: usize,
    batch: usize,
    classes: usize,
    threads: usize,
    simd: &'static str,
    runs: usize,
    median_ms: f64,
    min_ms: f64,
    images_per_second: f64,
    /// Null where the system does not say.
    peak_rss_mib: Option<f64>,
}

impl Bench {
    pub(super) fn run(self) -> Result<()> {
        let threads = self.threads.apply();
        let design = self.architecture.design()?;
        let spec = design.spec();
        let size = self.size.map_or(spec.default_size(), |size| size as usize);
        let (batch, classes) = (self.batch as usize, self.classes as usize);
        let network = design.build(classes, Params::new(0).builder())?;
        let work = batch_of(batch, spec.settings.in_channels, size, classes)?;
        let mut times = match self.mode {
            Mode::Infer => self.time(|_| infer(network.as_ref(), &work))?,
            Mode::Train => {
                let mut trainer = Trainer::new(network.as_ref());
                self.time(|number| trainer.step(&work, number))?
            }
        };
        times.sort_by(f64::total_cmp);
        let median_ms = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0;
        let measurement = Measurement {
            name: design.name().to_owned(),
            mode: self.mode,
            size,
            batch,
            classes,
            threads,
            simd: Level::current().name(),
            runs: times.len(),
            median_ms,
            min_ms: times[0],
            images_per_second: batch as f64 * 1e3 / median_ms,
            peak_rss_mib: memory::measured().map(|bytes| bytes as f64 / f64::from(1 << 20)),
        };
        if self.json { output::print_json(&measurement) } else { output::print(&measurement.to_text()) }
    }

    /// Milliseconds of each run that counts. `work` is told the number of the run, those of the warm-up included.
    fn time(&self, mut work: impl FnMut(u64) -> Result<()>) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for number in 0..WARM_UP + self.runs as usize {
            let start = Instant::now();
            work(number as u64)?;
            if number >= WARM_UP {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(times)
    }
}

/// Random pixels, normally distributed as normalised images roughly are, and labels in turn.
fn batch_of(batch: usize, channels: usize, size: usize, classes: usize) -> Result<Batch> {
    let stream = Stream::new(0, Purpose::Augment, 0, 0, 0);
    let pixels = (0..(batch * channels * size * size) as u64).map(|element| stream.normal(element) as f32);
    let images = Tensor::from_iter(pixels, &Device::Cpu)?.reshape((batch, channels, size, size))?;
    let labels = (0..batch).map(|image| (image % classes) as u32).collect();
    Ok(Batch { number: 0, images, labels, samples: (0..batch as u64).collect() })
}

fn infer(network: &dyn Network, work: &Batch) -> Result<()> {
    // Reading the logits makes sure that they have been computed.
    network.run(&work.images, &Pass::Eval(Precision::F32))?.to_vec2::<f32>()?;
    Ok(())
}

struct Trainer<'a> {
    network: &'a dyn Network,
    optimizer: Optimizer,
    options: StepOptions,
}

impl<'a> Trainer<'a> {
    fn new(network: &'a dyn Network) -> Self {
        let dropout = network.spec().settings.dropout;
        let options = StepOptions { seed: 0, label_smoothing: 0.1, dropout, drop_path_scale: 1.0 };
        Self { network, optimizer: Optimizer::new(AdamW::default(), Decay { rate: 0.05, vectors: false }), options }
    }

    fn step(&mut self, work: &Batch, number: u64) -> Result<()> {
        // So small a rate keeps random labels from driving the weights anywhere in a long measurement.
        step(self.network, &mut self.optimizer, work, &self.options, number, 1e-6)?;
        Ok(())
    }
}

impl Measurement {
    fn to_text(&self) -> String {
        let Self { name, mode, size, batch, threads, simd, runs, .. } = self;
        let mode = match mode {
            Mode::Infer => "inference",
            Mode::Train => "training step",
        };
        let memory = self.peak_rss_mib.map_or(String::new(), |mib| format!(", peak memory {mib:.0} MiB"));
        format!(
            "{name}: {mode}, {size} px, batch {batch}, {threads} threads, {simd}\n\
             median {:.2} ms, min {:.2} ms of {runs} runs; {:.1} images/s{memory}",
            self.median_ms, self.min_ms, self.images_per_second
        )
    }
}
