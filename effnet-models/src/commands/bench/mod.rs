//! `effnet bench`: how long does a network take, or a data set?

mod load;
mod predict;
mod profile;
mod ranks;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use effnet_runtime::candle::Device;
use effnet_runtime::collective::Collective;
use effnet_runtime::data::Batch;
use effnet_runtime::device;
use effnet_runtime::simd::Level;
use effnet_runtime::train::{memory, over_gpus};
use effnet_runtime::weights::{Convention, Source, WeightsFile};
use effnet_runtime::{Params, Precision};
use serde::Serialize;

use super::architecture::{Architecture, Design};
use super::device::Place;
use super::output;
use super::runner::Runner;
use super::weights::source_parser;

/// Arguments that say nothing about the loading of images.
const UNUSED_BY_LOAD: [&str; 7] = ["weights", "profile", "variant", "table", "classes", "device", "precision"];

/// Times inference or training steps with random images, or the loading of a data set's images
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
    /// Images for each run; with --mode load, images for each batch, and a run loads the whole data set
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Timed runs
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Untimed runs before them, which fault memory in and wake threads up
    #[arg(long, value_name = "N", default_value_t = 3)]
    warm_up: u32,
    /// Classes of the classifier
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    classes: u32,
    /// Weights to run with [default: random ones]
    #[arg(long, value_name = "SOURCE", value_parser = source_parser(), conflicts_with = "classes")]
    weights: Option<Source>,
    /// Conventions of the weights, where the file does not tell them
    #[arg(long, value_name = "NAME", requires = "weights")]
    dialect: Option<Convention>,
    /// The data set to load with --mode load
    #[arg(long, value_name = "PATH", conflicts_with_all = UNUSED_BY_LOAD)]
    data: Option<PathBuf>,
    /// Ranks on this machine that take a training step together, with a batch each: what their exchange costs. Where a
    /// launcher has started several, these
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), conflicts_with = "profile")]
    ranks: Option<u16>,
    /// Also print where the time goes: by block, and by kind of operation
    #[arg(long)]
    profile: bool,
    /// Also predict the time on up to so many threads of the CPU, by the tasks of a run on one
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=1024), conflicts_with_all = ["ranks", "data"])]
    predict: Option<u16>,
    #[command(flatten)]
    place: Place,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// Logits for a batch
    Infer,
    /// A whole training step: forward, loss, backward, optimizer
    Train,
    /// A data set's images for training: decoded, cut out and resized, mirrored, RandAugment, normalised
    Load,
}

#[derive(Serialize)]
struct Measurement {
    name: String,
    mode: Mode,
    size: usize,
    batch: usize,
    classes: usize,
    /// The device that computed: `cpu` or `cuda:N`.
    device: String,
    precision: Precision,
    /// Threads on the CPU, whatever device computed.
    threads: usize,
    simd: &'static str,
    runs: usize,
    median_ms: f64,
    min_ms: f64,
    images_per_second: f64,
    /// The process's peak, without a GPU's memory; null where the system does not report it.
    peak_rss_mib: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<profile::Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<ranks::Exchanged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<predict::Prediction>,
}

impl Bench {
    pub(super) fn run(self) -> Result<()> {
        if self.mode == Mode::Train {
            let (group, _started) = ranks::join(self.ranks)?;
            if group.size() > 1 {
                return self.train_over(&group);
            }
        } else if self.ranks.is_some() {
            bail!("--ranks is for --mode train: the other modes have nothing to exchange");
        }
        let threads = self.place.threads.apply();
        match (&self.data, self.mode) {
            (Some(path), Mode::Load) => return self.load(path, threads),
            (None, Mode::Load) => bail!("--mode load needs the images: name a data set with --data PATH"),
            (Some(_), _) => bail!("--data is for --mode load: the other modes take random images"),
            (None, _) => {}
        }
        if self.mode == Mode::Train && self.weights.is_some() {
            bail!("--weights is for --mode infer: a training step takes as long with any weights");
        }
        let (Design { name, spec, .. }, runner) = self.runner()?;
        if self.predict.is_some() && !device::has_engine(runner.device()) {
            bail!("--predict is for the CPU, whose threads it counts: leave --device out");
        }
        let size = self.size.map_or(spec.settings.default_size(), |size| size as usize);
        let (batch, classes, device) = (self.batch as usize, runner.num_classes(), runner.device().clone());
        let work = Batch::noise(batch, spec.settings.in_channels, size, classes, &device)?;
        let mut subject = work::Subject::new(runner, self.mode, &work)?;
        let times = self.time(|number| subject.run(&work, number))?;
        let profile = self.profile.then(|| subject.profile(&work, self.runs, &device, self.place.precision()));
        let (device, profile) = (device::name(&device), profile.transpose()?);
        let mut measurement = self.measurement(name, size, threads, times, batch);
        if let Some(most) = self.predict {
            let timed = (threads, measurement.median_ms);
            let run = |number| subject.run(&work, number);
            measurement.prediction = Some(predict::Prediction::of(run, self.runs, most.into(), timed)?);
        }
        self.print(&Measurement { classes, device, profile, ..measurement })
    }

    /// Times training steps with the other ranks of a group; rank 0 prints.
    fn train_over(&self, group: &Arc<dyn Collective>) -> Result<()> {
        let threads = self.place.threads.apply();
        let (Design { name, spec, .. }, runner) = self.runner()?;
        let Runner::Network(network, precision) = runner else { bail!("a training step needs a network that trains") };
        let size = self.size.map_or(spec.settings.default_size(), |size| size as usize);
        let (batch, classes) = (self.batch as usize, network.num_classes());
        let device = network.params().device().clone();
        let group = &over_gpus(Arc::clone(group), &device)?;
        let work = Batch::noise(batch, spec.settings.in_channels, size, classes, &device)?;
        let mut trainer = work::Trainer::new(network, precision);
        let (times, exchange) = ranks::Exchanged::measure(group, &mut trainer, &work, self.warm_up, self.runs)?;
        if group.rank() > 0 {
            return Ok(());
        }
        let measurement = self.measurement(name, size, threads, times, batch * group.size());
        self.print(&Measurement { classes, device: device::name(&device), exchange: Some(exchange), ..measurement })
    }

    /// The figures for runs of this many images each on the CPU, from their times.
    fn measurement(
        &self,
        name: String,
        size: usize,
        threads: usize,
        mut times: Vec<f64>,
        images: usize,
    ) -> Measurement {
        let median_ms = median(&mut times);
        Measurement {
            name,
            mode: self.mode,
            size,
            batch: self.batch as usize,
            classes: self.classes as usize,
            device: device::name(&Device::Cpu),
            precision: self.place.precision(),
            threads,
            simd: Level::current().name(),
            runs: times.len(),
            median_ms,
            min_ms: times[0],
            images_per_second: images as f64 * 1e3 / median_ms,
            peak_rss_mib: memory::measured().map(|bytes| bytes as f64 / f64::from(1 << 20)),
            profile: None,
            exchange: None,
            prediction: None,
        }
    }

    fn print(&self, measurement: &Measurement) -> Result<()> {
        if self.json { output::print_json(measurement) } else { output::print(&measurement.to_text()) }
    }

    /// The network to time, and what runs it.
    fn runner(&self) -> Result<(Design, Runner)> {
        let precision = self.place.precision();
        if let Some(source) = &self.weights {
            let file = WeightsFile::open(source.find()?)?;
            let design = self.architecture.design_for(&file)?;
            let runner = Runner::open(&file, &design.spec, self.dialect.into(), &self.place.open()?, precision)?;
            return Ok((design, runner));
        }
        let (design, device) = (self.architecture.design()?, self.place.open()?);
        if self.mode == Mode::Train && !device::supports(&device, precision) {
            bail!("a training step in bf16 needs a GPU: leave --precision out, or say --device cuda");
        }
        let network = design.build(self.classes as usize, Params::on(0, &device).builder())?;
        let runner = match self.mode {
            Mode::Train => Runner::Network(network, precision),
            Mode::Infer | Mode::Load => Runner::new(network, precision)?,
        };
        Ok((design, runner))
    }

    /// Milliseconds of each timed run. `work` gets the number of the run, counting those of the warm-up.
    fn time(&self, mut work: impl FnMut(u64) -> Result<()>) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for number in 0..u64::from(self.warm_up) + u64::from(self.runs) {
            let start = Instant::now();
            work(number)?;
            if number >= u64::from(self.warm_up) {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(times)
    }
}

/// The median of times, which are sorted.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0
}

impl Measurement {
    fn to_text(&self) -> String {
        let Self { name, mode, size, batch, device, precision, threads, simd, runs, .. } = self;
        let mode = match mode {
            Mode::Infer => "inference",
            Mode::Train => "training step",
            Mode::Load => "loading",
        };
        let is_cpu = *device == device::name(&Device::Cpu);
        let what = if is_cpu { format!("{threads} threads, {simd}") } else { device.clone() };
        let of = if is_cpu { "" } else { " of the host" };
        let memory = self.peak_rss_mib.map_or(String::new(), |mib| format!(", peak memory{of} {mib:.0} MiB"));
        format!(
            "{name}: {mode}, {size} px, batch {batch}, {precision}, {what}\n\
             median {:.2} ms, min {:.2} ms of {runs} runs; {:.1} images/s{memory}",
            self.median_ms, self.min_ms, self.images_per_second
        ) + &self.profile.as_ref().map_or(String::new(), |profile| format!("\n\n{}", profile.to_text()))
            + &self.exchange.as_ref().map_or(String::new(), ranks::Exchanged::to_text)
            + &self.prediction.as_ref().map_or(String::new(), |prediction| format!("\n\n{}", prediction.to_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_what_computed() {
        let text_of = |device: &str| {
            let measurement = Measurement {
                name: "s".to_owned(),
                mode: Mode::Infer,
                size: 384,
                batch: 1,
                classes: 1000,
                device: device.to_owned(),
                precision: Precision::F32,
                threads: 2,
                simd: "avx512",
                runs: 20,
                median_ms: 2.0,
                min_ms: 1.0,
                images_per_second: 500.0,
                peak_rss_mib: Some(90.0),
                profile: None,
                exchange: None,
                prediction: None,
            };
            measurement.to_text()
        };
        let counts = "median 2.00 ms, min 1.00 ms of 20 runs; 500.0 images/s, peak memory";
        let on_cpu = format!("s: inference, 384 px, batch 1, f32, 2 threads, avx512\n{counts} 90 MiB");
        assert_eq!(text_of("cpu"), on_cpu);
        let on_gpu = format!("s: inference, 384 px, batch 1, f32, cuda:1\n{counts} of the host 90 MiB");
        assert_eq!(text_of("cuda:1"), on_gpu);
    }
}
