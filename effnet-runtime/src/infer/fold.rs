//! Weights of a network, with batch normalisation folded into the convolutions.

use std::collections::HashMap;

use candle_core::Device;
use effnet_spec::Spec;
use effnet_spec::plan::{Conv, Param, Submodule};

use crate::network::Network;
use crate::weights::{Layout, NamePair, Result, WeightsFile};

/// The weights that an engine is built from, by our names.
pub(crate) trait Source: Sync {
    /// The parameter of this name, which must have `elements` elements.
    fn read(&self, name: &str, elements: usize) -> Result<Vec<f32>>;
}

/// The values of a parameter, if there are `elements`.
fn sized(values: Vec<f32>, name: &str, elements: usize) -> Result<Vec<f32>> {
    if values.len() == elements {
        return Ok(values);
    }
    let found = values.len();
    let text = format!("parameter `{name}` has {found} elements, and the table calls for {elements}");
    Err(candle_core::Error::msg(text).into())
}

/// A network in memory.
pub(crate) struct OfNetwork<'a>(pub &'a dyn Network);

impl Source for OfNetwork<'_> {
    fn read(&self, name: &str, elements: usize) -> Result<Vec<f32>> {
        match self.0.params().get(name) {
            Some(var) => sized(var.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?, name, elements),
            None => Err(candle_core::Error::msg(format!("the network has no parameter `{name}`")).into()),
        }
    }
}

/// A weights file, read tensor by tensor: no more than the largest is in memory twice.
pub(crate) struct OfFile<'a> {
    file: &'a WeightsFile,
    /// The file's names and layouts, by our names.
    pairs: HashMap<String, NamePair>,
}

impl<'a> OfFile<'a> {
    pub(crate) fn new(file: &'a WeightsFile, spec: &Spec) -> Result<Self> {
        let pairs = file.scheme()?.pairs(spec)?.into_iter().map(|pair| (pair.ours.clone(), pair)).collect();
        Ok(Self { file, pairs })
    }
}

impl Source for OfFile<'_> {
    fn read(&self, name: &str, elements: usize) -> Result<Vec<f32>> {
        match self.pairs.get(name) {
            Some(NamePair { theirs, layout: Layout::Same, .. }) => sized(self.file.values(theirs)?, theirs, elements),
            Some(NamePair { theirs, layout, .. }) => {
                let values = layout.to_ours(&self.file.read_f32(theirs, &Device::Cpu)?)?;
                sized(values.flatten_all()?.to_vec1()?, theirs, elements)
            }
            None => sized(self.file.values(name)?, name, elements),
        }
    }
}

/// A convolution that batch normalisation has been folded into.
pub(crate) struct Folded {
    /// `[O, …]`, in the order of the parameter.
    pub weight: Vec<f32>,
    /// `[O]`
    pub bias: Vec<f32>,
}

/// A layer of the plan, by our name of it.
pub(crate) type Named<'a, L> = (&'a str, &'a L);

/// The values of a layer's parameters.
pub(super) fn read_all<const N: usize>(
    source: &dyn Source,
    layer: &str,
    params: &[(Submodule, Param); N],
) -> Result<[Vec<f32>; N]> {
    let values = params.iter().map(|(module, param)| source.read(&module.name_of(layer, param), param.elements()));
    let mut values = values.collect::<Result<Vec<_>>>()?;
    Ok(std::array::from_fn(|at| std::mem::take(&mut values[at])))
}

/// Reads a convolution and its batch normalisation: `weight · γ/√(σ² + ε)` and `β - μ · γ/√(σ² + ε)`, computed in f64.
pub(crate) fn fold(source: &dyn Source, (name, conv): Named<'_, Conv>, eps: f64) -> Result<Folded> {
    let [mut weight, gamma, mut bias, mean, variance] = read_all(source, name, &conv.params())?;
    for (channel, row) in weight.chunks_exact_mut(conv.inputs() * conv.kernel * conv.kernel).enumerate() {
        let scale = f64::from(gamma[channel]) / (f64::from(variance[channel]) + eps).sqrt();
        row.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        bias[channel] = (f64::from(bias[channel]) - f64::from(mean[channel]) * scale) as f32;
    }
    Ok(Folded { weight, bias })
}
