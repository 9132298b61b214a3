//! What a stopwatch times: a network with all that a step of it needs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Device;
use effnet_spec::Spec;

use crate::collective::Single;
use crate::data::Batch;
use crate::infer::{Engine, Options, Session};
use crate::network::Network;
use crate::pass::Pass;
use crate::train::optimizer::{DepthDecay, Optimizer};
use crate::train::{Config, Ema, Result, StepOptions, build_network, step};
use crate::{DynamicModel, device};

/// A learning rate at which random labels do not move the weights far in a long measurement.
const RATE: f64 = 1e-6;

/// A network that takes steps.
pub(super) enum Subject {
    /// Steps of training, as a run of these settings takes them.
    Training {
        network: Box<dyn Network>,
        config: Box<Config>,
        optimizer: Optimizer,
        ema: Option<Ema>,
        parts: Vec<Batch>,
        steps: u64,
    },
    /// Inference by the engine.
    Engine { session: Session, images: Vec<f32>, logits: Vec<f32> },
    /// Inference where there is no engine.
    Network { network: Box<dyn Network>, config: Box<Config>, images: Batch },
}

impl Subject {
    /// A network in training by these settings, on random images.
    pub(super) fn training(spec: &Spec, config: &Config, classes: usize) -> Result<Self> {
        let network = build(spec, config, classes)?;
        let params = network.params();
        let part = (config.batch / config.accumulate).max(1);
        let batch = Batch::noise(part, spec.settings.in_channels, config.size, classes, params.device())?;
        let depth = DepthDecay { factor: config.optimizer.layer_decay, blocks: spec.num_blocks() };
        let decay = config.ema.decay;
        Ok(Self::Training {
            optimizer: config.optimizer().by_depth(depth),
            ema: (decay > 0.0).then(|| Ema::new(decay, params)).transpose()?,
            parts: vec![batch; config.accumulate],
            config: Box::new(config.clone()),
            network,
            steps: 0,
        })
    }

    /// A network that classifies one random image of the size of evaluation.
    pub(super) fn inference(spec: &Spec, config: &Config, classes: usize) -> Result<Self> {
        let network = build(spec, config, classes)?;
        let (size, device) = (config.eval_size, network.params().device().clone());
        let images = Batch::noise(1, spec.settings.in_channels, size, classes, &device)?;
        if !device::has_engine(&device) {
            return Ok(Self::Network { network, config: Box::new(config.clone()), images });
        }
        let session = Engine::new(network.as_ref(), &Options::default())?.session(1, size, size)?;
        Ok(Self::Engine { session, images: images.images.flatten_all()?.to_vec1()?, logits: vec![0.0; classes] })
    }

    /// Takes a step; how long it takes.
    pub(super) fn step(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        match self {
            Self::Training { network, config, optimizer, ema, parts, steps } => {
                let statistics = config.regularise.statistics.over(Arc::new(Single));
                let options = StepOptions {
                    seed: config.seed,
                    label_smoothing: config.regularise.label_smoothing,
                    class_weights: None,
                    dropout: config.regularise.dropout,
                    drop_path_scale: config.regularise.drop_path_scale,
                    precision: config.precision,
                    statistics: &statistics,
                };
                step(network.as_ref(), optimizer, parts, &options, *steps, RATE)?;
                if let Some(ema) = ema {
                    ema.update(network.params())?;
                }
                // A GPU is still at work on the weights.
                network.params().device().synchronize()?;
                *steps += 1;
            }
            Self::Engine { session, images, logits } => session.run(images, logits)?,
            // A GPU is done when the logits are here.
            Self::Network { network, config, images } => {
                network.run(&images.images, &Pass::Eval(config.precision))?.to_device(&Device::Cpu)?;
            }
        }
        Ok(begun.elapsed())
    }
}

/// A network with random weights, on the device of the settings.
fn build(spec: &Spec, config: &Config, classes: usize) -> Result<Box<dyn Network>> {
    let dynamic = |classes, vb| Ok(Box::new(DynamicModel::from_spec(spec, classes, vb)?) as Box<dyn Network>);
    build_network(config, &dynamic, spec, classes)
}
