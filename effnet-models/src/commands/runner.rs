//! Computes logits of images: by the engine on a device that has it, elsewhere by the network itself.

use effnet_runtime::candle::{Device, Result, Tensor};
use effnet_runtime::device;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::{Said, WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network, Pass, Precision};

/// A network with its weights, ready for inference.
pub(super) enum Runner {
    /// The engine, on a device that has it.
    Engine(Engine),
    /// The network itself, elsewhere.
    Network(Box<dyn Network>, Precision),
}

impl Runner {
    /// Opens a file's weights on a device.
    pub(super) fn open(
        file: &WeightsFile,
        spec: &Spec,
        said: Said,
        device: &Device,
        precision: Precision,
    ) -> anyhow::Result<Self> {
        if device::has_engine(device) {
            return Ok(Self::Engine(Engine::open(file, spec, said, &options(precision))?));
        }
        let network = read_network(file, spec, said, device, |classes, vb| DynamicModel::from_spec(spec, classes, vb))?;
        Ok(Self::Network(Box::new(network), precision))
    }

    /// Readies a network for inference on its own device.
    pub(super) fn new(network: Box<dyn Network>, precision: Precision) -> Result<Self> {
        if device::has_engine(network.params().device()) {
            return Ok(Self::Engine(Engine::new(network.as_ref(), &options(precision))?));
        }
        Ok(Self::Network(network, precision))
    }

    /// The device that computes.
    pub(super) fn device(&self) -> &Device {
        match self {
            Self::Engine(_) => &Device::Cpu,
            Self::Network(network, _) => network.params().device(),
        }
    }

    /// Width of the classifier.
    pub(super) fn num_classes(&self) -> usize {
        match self {
            Self::Engine(engine) => engine.num_classes(),
            Self::Network(network, _) => network.num_classes(),
        }
    }

    /// Logits `[N, classes]`, on the CPU, of images `[N, C, H, W]`.
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        match self {
            Self::Engine(engine) => engine.forward(images),
            Self::Network(network, precision) => {
                let images = images.to_device(network.params().device())?;
                network.run(&images, &Pass::Eval(*precision))?.detach().to_device(&Device::Cpu)
            }
        }
    }
}

fn options(precision: Precision) -> Options {
    Options::default().with_precision(precision)
}
