//! Which part of a step, or of a validation, was the first that was not finite.

use candle_core::{Tensor, Var};
use effnet_kernels::Precision;

use super::error::{Error, Result};
use crate::data::Batch;
use crate::network::Network;
use crate::ops::cpu::view;
use crate::params::Params;
use crate::pass::{NormUpdates, Pass};

/// The error of a loss that is not finite, with its cause where one can be found: the images, a weight, or the first
/// batch normalisation, in the network's order, whose input was not finite.
pub(super) fn of_loss(
    network: &dyn Network,
    batch: &Batch,
    norms: &NormUpdates,
    number: u64,
    rate: f64,
) -> Result<Error> {
    let layer = || -> Result<Option<String>> {
        let mut names: Vec<String> = network
            .params()
            .buffers()
            .into_iter()
            .filter_map(|(name, _): (String, Var)| name.strip_suffix(".running_mean").map(str::to_owned))
            .collect();
        names.sort_by_key(|name| place(name));
        for name in names {
            let Some(batch) = norms.get(&name) else { continue };
            if !is_finite(&batch.mean)? || !is_finite(&batch.variance)? {
                return Ok(Some(format!(
                    "the loss is not finite; the first layer whose output is not is the one in front of `{name}`"
                )));
            }
        }
        Ok(None)
    };
    let what = if !is_finite(&batch.images)? {
        "the loss is not finite, as the images of the batch are not".to_owned()
    } else if let Some(name) = parameter(network.params())? {
        format!("the loss is not finite, as `{name}` is not")
    } else {
        layer()?.unwrap_or_else(|| "the loss is not finite, though every layer's values are".to_owned())
    };
    Ok(Error::NotFinite { step: number + 1, rate, what })
}

/// What the first stage whose map is not finite puts out for an image, called `name`, or the whole network.
pub(super) fn of_image(network: &dyn Network, image: &Tensor, name: &str) -> Result<String> {
    let image = image.to_device(network.params().device())?;
    for (stage, map) in network.stage_maps(&image, &Pass::Eval(Precision::F32))?.iter().enumerate() {
        if !is_finite(map)? {
            return Ok(format!("what stage {} of the network puts out for {name}", stage + 1));
        }
    }
    Ok(format!("what the head of the network puts out for {name}"))
}

/// The first weight or running statistic, in the network's order, that is not finite.
pub(super) fn parameter(params: &Params) -> Result<Option<String>> {
    let mut all = params.all();
    all.sort_by_key(|(name, _)| place(name));
    for (name, values) in all {
        if !is_finite(&values)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The error of a gradient that is not finite.
pub(super) fn of_gradient(name: &str, number: u64, rate: f64) -> Error {
    Error::NotFinite { step: number + 1, rate, what: format!("the gradient of `{name}` is not finite") }
}

fn is_finite(tensor: &Tensor) -> Result<bool> {
    let tensor = tensor.detach().to_device(&candle_core::Device::Cpu)?.contiguous()?;
    Ok(view(&tensor)?.iter().all(|value| value.is_finite()))
}

/// The parts of a block, in the order in which an image passes them.
const PARTS: [&str; 4] = ["expand_conv", "dwconv", "se", "project_conv"];

/// Sorts names in the order in which an image passes their layers: stem, blocks by number, head.
fn place(name: &str) -> (usize, usize, usize) {
    let mut parts = name.split('.');
    match parts.next() {
        Some("stem") => (0, 0, 0),
        Some("blocks") => {
            let number = parts.next().and_then(|part| part.parse().ok()).unwrap_or(usize::MAX);
            let part = parts.next().and_then(|part| PARTS.iter().position(|known| *known == part));
            (1, number, part.unwrap_or(PARTS.len()))
        }
        _ => (2, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn layers_stand_in_the_order_of_the_network() {
        let order = [
            "stem.bn",
            "blocks.0.project_conv.bn",
            "blocks.2.expand_conv.bn",
            "blocks.2.dwconv.bn",
            "blocks.2.project_conv.bn",
            "blocks.10.expand_conv.bn",
            "head.project_conv.bn",
        ];
        assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
    }
}
