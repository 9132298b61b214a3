//! The tables of the reference files.

use effnet_runtime::candle::{Device, Result};
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::{Convention, WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network, efficientnet_v2};

efficientnet_v2! {
    /// `TABLES["mixed"]` of `golden.py`, which `seed.pth` has too.
    pub(crate) struct Mixed <
        [1, 3, 1, 1,  8,  8, fused,  0],
        [2, 3, 2, 4,  8, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, mbconv, 0.25],
        [2, 5, 1, 6, 24, 24, mbconv, 0.25],
        [2, 5, 2, 6, 24, 32, mbconv, 0.25],
    > { num_features: 48, dropout: 0, drop_path: 0 }
}

efficientnet_v2! {
    /// `arch` of `golden_names.py`.
    pub(crate) struct Same <
        [1, 3, 1, 1,  8,  8, fused,  0],
        [2, 3, 2, 4,  8, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, mbconv, 0.25],
        [1, 5, 2, 6, 24, 32, mbconv, 0.25],
    > { num_features: 48, dropout: 0, drop_path: 0 }
}

efficientnet_v2! {
    /// Every kind of block, with and without squeeze-and-excitation, and everything that draws.
    pub(crate) struct Kinds <
        [2, 3, 1, 1,  8,  8, fused,  0.25],
        [2, 5, 2, 3,  8, 12, fused,  0.25],
        [2, 7, 1, 1, 12, 12, mbconv, 0],
        [2, 3, 2, 4, 12, 20, mbconv, 0.3],
    > { num_features: 24, dropout: 0.4, drop_path: 0.5, activation: hard_swish, padding: same }
}

/// A network and what to call it in a message.
pub(crate) type Named = (&'static str, Box<dyn Network>);

fn all(
    file: &WeightsFile,
    spec: &Spec,
    said: Option<Convention>,
    device: &Device,
    generated: impl FnOnce(usize, VarBuilder<'static>) -> Result<Box<dyn Network>>,
) -> Vec<Named> {
    let dynamic = |classes, vb: VarBuilder<'static>| DynamicModel::from_spec(spec, classes, vb);
    vec![
        ("DynamicModel", Box::new(read_network(file, spec, said, device, dynamic).unwrap())),
        ("the generated type", read_network(file, spec, said, device, generated).unwrap()),
    ]
}

/// Every implementation of [`Mixed`], with the file's weights, on a device.
pub(crate) fn all_mixed(file: &WeightsFile, device: &Device) -> Vec<Named> {
    all(file, &Mixed::SPEC, None, device, |classes, vb| Ok(Box::new(Mixed::new(classes, vb)?)))
}

/// Every implementation of [`Same`], with the file's weights.
pub(crate) fn all_same(file: &WeightsFile, said: Convention) -> Vec<Named> {
    all(file, &Same::SPEC, Some(said), &Device::Cpu, |classes, vb| Ok(Box::new(Same::new(classes, vb)?)))
}
