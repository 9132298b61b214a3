//! Whole steps, evaluations and runs of a tiny network.

mod accumulation;
mod averaging;
mod checkpoints;
mod classes;
#[cfg(feature = "cuda")]
mod cuda;
mod evaluation;
mod folder;
mod freezing;
#[cfg(feature = "nccl")]
mod nccl;
mod progressive;
mod ranks;
#[cfg(feature = "report")]
mod recording;
mod runs;
mod runs_over_ranks;
mod single;
mod steps;
mod validation;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Result as CandleResult, Tensor};
use candle_nn::VarBuilder;

use super::config::{Layer, merge, recipe};
use super::optimizer::{Optimizer, Values};
use super::{Config, Ema, RunFolder, StepOptions, Trainer, build_network, open_data};
use crate::data::{Batch, Error as DataError, Source, Split};
use crate::random::{Purpose, Stream};
use crate::spec::{Operator, Row, Settings, Spec};
use crate::{DynamicModel, Network, Params, Precision, Statistics};

/// Options of a step that drops nothing.
const OPTIONS: StepOptions<'_> = StepOptions {
    seed: 1,
    label_smoothing: 0.1,
    class_weights: None,
    dropout: 0.0,
    drop_path_scale: 0.0,
    precision: Precision::F32,
    statistics: &Statistics::Local,
};

/// The same, with dropout and drop path.
const DROPPING: StepOptions<'_> = StepOptions { dropout: 0.3, drop_path_scale: 2.0, ..OPTIONS };

/// A network with blocks of each kind, squeeze-and-excitation, drop path and dropout.
fn tiny_spec() -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 2, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 4, 8, 16, Operator::MbConv, 0.25),
    ];
    Spec { name: "Tiny".into(), rows: rows.into(), settings: Settings { num_features: 32, ..Settings::DEFAULT } }
}

fn build_tiny(classes: usize, vb: VarBuilder<'static>) -> CandleResult<Box<dyn Network>> {
    Ok(Box::new(DynamicModel::from_spec(&tiny_spec(), classes, vb)?))
}

/// A network of seed `seed`, without a run.
fn tiny(seed: u64, classes: usize) -> Box<dyn Network> {
    build_tiny(classes, Params::new(seed).builder()).unwrap()
}

/// A batch of noise, labels in turn.
fn noise(images: usize, classes: u32) -> Batch {
    let stream = Stream::new(3, Purpose::Bench, 0, 0, 0);
    let pixels: Vec<f32> = (0..images * 3 * 16 * 16).map(|at| stream.normal(at as u64) as f32).collect();
    Batch {
        number: 0,
        images: Tensor::from_vec(pixels, (images, 3, 16, 16), &Device::Cpu).unwrap(),
        labels: (0..images as u32).map(|at| at % classes).collect(),
        samples: (0..images as u64).collect(),
        positions: (0..images).collect(),
        partners: None,
    }
}

/// Settings of a run of a few steps on small images, with `over` on top.
fn tiny_config(over: &str) -> Config {
    let text = r#"
        model = "tiny"
        recipe = "digits"
        seed = 5
        epochs = 2
        batch = 8
        size = 16
        eval_size = 16
        regularise = { dropout = 0.2, drop_path_scale = 1.0 }
        data.on_bad_image = "fail"
        compute = { device = "cpu", threads = 1, loader_threads = 2 }
    "#;
    let layers = [recipe("digits").unwrap(), Layer::parse("test", text).unwrap(), Layer::parse("over", over).unwrap()];
    merge(&layers).unwrap()
}

/// Every `stride`th sample of a source.
struct Thinned(Arc<dyn Source>, usize);

impl Source for Thinned {
    fn classes(&self) -> &[String] {
        self.0.classes()
    }

    fn len(&self) -> usize {
        self.0.len() / self.1
    }

    fn label(&self, index: usize) -> usize {
        self.0.label(index * self.1)
    }

    fn name(&self, index: usize) -> String {
        self.0.name(index * self.1)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        self.0.read(index * self.1)
    }
}

/// 41 of the bundled digits to train on, five steps of eight, and 22 for validation.
fn few_digits(config: &Config) -> Split {
    let split = open_data(config).unwrap();
    Split { train: Arc::new(Thinned(split.train, 35)), val: Arc::new(Thinned(split.val, 16)), ..split }
}

/// A new run in `path`.
fn begin(config: Config, path: &Path) -> Trainer {
    let split = few_digits(&config);
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10).unwrap();
    let folder = RunFolder::create(Some(path), "tiny").unwrap();
    Trainer::begin(config, folder, split, network).unwrap()
}

/// The run in `path`, from its last checkpoint.
fn resume(path: &Path) -> super::Result<Trainer> {
    let folder = RunFolder::open(path)?;
    let config = folder.config()?;
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10)?;
    let split = few_digits(&config);
    Trainer::resume(config, folder, split, network)
}

/// Values of parameters, to the bit.
fn kept<'a>(values: impl Iterator<Item = (String, &'a Values)>) -> BTreeMap<String, Vec<u32>> {
    let bits = |values: &Values| {
        let values: Vec<f32> = values.tensor().unwrap().to_vec1().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    values.map(|(name, values)| (name, bits(values))).collect()
}

/// An optimizer's memory, to the bit.
fn memory(optimizer: &Optimizer) -> (u64, BTreeMap<String, Vec<u32>>) {
    let memory = optimizer.memory();
    (memory.steps(), kept(memory.iter().map(|(slot, name, values)| (format!("{slot} of {name}"), values))))
}

/// A moving average, to the bit.
fn averages(ema: &Ema) -> (u64, BTreeMap<String, Vec<u32>>) {
    (ema.updates(), kept(ema.iter().map(|(name, values)| (name.to_owned(), values))))
}

/// Every weight and buffer of a network, to the bit.
fn bits(network: &dyn Network) -> Vec<(String, Vec<u32>)> {
    let bits = |tensor: &Tensor| {
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    network.params().all().into_iter().map(|(name, var)| (name, bits(&var))).collect()
}
