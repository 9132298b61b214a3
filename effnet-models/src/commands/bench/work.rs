//! The work to time: an engine's run, or a training step.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use effnet_runtime::candle::Device;
use effnet_runtime::collective::{Collective, Single};
use effnet_runtime::data::Batch;
use effnet_runtime::device;
use effnet_runtime::infer::Session;
use effnet_runtime::profile::traced;
use effnet_runtime::simd::{Level, peak_gflops};
use effnet_runtime::{Network, Pass, Precision, Statistics};

use effnet_runtime::train::optimizer::{Decay, Optimizer, Sgd};
use effnet_runtime::train::{StepOptions, step_over};

use super::Mode;
use super::profile::{Profile, Span};
use crate::commands::runner::Runner;

/// A network with the memory for its batch.
pub(super) enum Subject {
    /// Inference on the CPU.
    Session { session: Session, images: Vec<f32>, logits: Vec<f32> },
    /// Inference on a GPU.
    Network { network: Box<dyn Network>, precision: Precision },
    /// Training on either.
    Trainer(Trainer),
}

impl Subject {
    /// Prepares for images of this batch's shape.
    pub(super) fn new(runner: Runner, mode: Mode, work: &Batch) -> Result<Self> {
        Ok(match runner {
            Runner::Engine(engine) => {
                let (batch, _, height, width) = work.images.dims4()?;
                Self::Session {
                    session: engine.session(batch, height, width)?,
                    images: work.images.flatten_all()?.to_vec1()?,
                    // Without classes, a run puts out embeddings.
                    logits: vec![
                        0.0;
                        batch
                            * if engine.num_classes() == 0 {
                                engine.num_features()
                            } else {
                                engine.num_classes()
                            }
                    ],
                }
            }
            Runner::Network(network, precision) if mode == Mode::Train => {
                Self::Trainer(Trainer::new(network, precision))
            }
            Runner::Network(network, precision) => Self::Network { network, precision },
        })
    }

    /// Does run number `number`.
    pub(super) fn run(&mut self, work: &Batch, number: u64) -> Result<()> {
        match self {
            Self::Session { session, images, logits } => Ok(session.run(images, logits)?),
            Self::Network { network, precision } => {
                // A GPU has finished its work only when the result has been read.
                network.run(&work.images, &Pass::Eval(*precision))?.to_device(&Device::Cpu)?;
                Ok(())
            }
            Self::Trainer(trainer) => trainer.step(work, number),
        }
    }

    /// Profiles `runs` runs on this device.
    pub(super) fn profile(
        &mut self,
        work: &Batch,
        runs: u32,
        device: &Device,
        precision: Precision,
    ) -> Result<Profile> {
        let peak = device::has_engine(device).then(|| peak_gflops(Level::current(), precision));
        let runs = (0..u64::from(runs)).map(|number| match &mut *self {
            Self::Session { session, images, logits } => Ok(Span::of_inference(&session.profile(images, logits)?)),
            network => spans_of(|| {
                network.run(work, number)?;
                Ok(device.synchronize()?)
            }),
        });
        Ok(Profile::of(&runs.collect::<Result<Vec<_>>>()?, peak))
    }
}

/// The operations of one run of a network, with their times.
fn spans_of(run: impl FnOnce() -> Result<()>) -> Result<Vec<Span>> {
    let begin = Instant::now();
    let (result, spans) = traced(run);
    result?;
    Ok(Span::of_step(&spans, begin.elapsed().as_secs_f64() * 1e3))
}

/// A network that takes training steps.
pub(super) struct Trainer {
    network: Box<dyn Network>,
    optimizer: Optimizer,
    options: StepOptions<'static>,
}

impl Trainer {
    pub(super) fn new(network: Box<dyn Network>, precision: Precision) -> Self {
        let dropout = network.spec().settings.dropout;
        let options = StepOptions {
            seed: 0,
            label_smoothing: 0.1,
            class_weights: None,
            dropout,
            drop_path_scale: 1.0,
            precision,
            statistics: &Statistics::Local,
        };
        let optimizer = Optimizer::new(Sgd::default(), Decay { rate: 1e-5, vectors: false, except: Vec::new() });
        Self { network, optimizer, options }
    }

    fn step(&mut self, work: &Batch, number: u64) -> Result<()> {
        self.step_over(&(Arc::new(Single) as Arc<dyn Collective>), work, number)
    }

    /// Takes a step with the other ranks of a group, each of which has a batch of its own.
    pub(super) fn step_over(&mut self, ranks: &Arc<dyn Collective>, work: &Batch, number: u64) -> Result<()> {
        let (network, parts) = (self.network.as_ref(), std::slice::from_ref(work));
        // At a rate this small, random labels do not move the weights far in a long measurement.
        step_over(ranks, network, &mut self.optimizer, parts, &self.options, number, 1e-6)?;
        Ok(())
    }

    /// Values that its gradients have.
    pub(super) fn values(&self) -> usize {
        self.network.params().trainable()
    }
}
