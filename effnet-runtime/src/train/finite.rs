//! The first part of a step, or of a validation, that is not finite.

use std::collections::HashMap;

use candle_core::{Tensor, Var};
use effnet_kernels::Precision;

use super::error::Result;
use crate::backend::view::view;
use crate::data::Batch;
use crate::network::Network;
use crate::pass::{NormUpdates, Pass};

/// Ending of a running mean's name, behind that of its batch normalisation.
const MEAN: &str = ".running_mean";

/// Says of a loss that it is not finite, with its cause where one can be found: the images, a weight, or the first
/// batch normalisation, in the network's order, whose input was not finite.
pub(super) fn of_loss(network: &dyn Network, batch: &Batch, norms: &NormUpdates) -> Result<String> {
    if !is_finite(&batch.images)? {
        return Ok("the loss is not finite, as the images of the batch are not".to_owned());
    }
    if let Some(name) = parameter(network)? {
        return Ok(format!("the loss is not finite, as `{name}` is not"));
    }
    for (name, _) in in_order(network) {
        let Some(name) = name.strip_suffix(MEAN) else { continue };
        let Some(batch) = norms.get(&network.params().whole_name(name)) else { continue };
        if !is_finite(&batch.mean)? || !is_finite(&batch.variance)? {
            return Ok(format!(
                "the loss is not finite; the first layer whose output is not is the one in front of `{name}`"
            ));
        }
    }
    Ok("the loss is not finite, though every layer's values are".to_owned())
}

/// The first part whose output for an image, called `name`, is not finite: a stage, else the head.
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
pub(super) fn parameter(network: &dyn Network) -> Result<Option<String>> {
    for (name, values) in in_order(network) {
        if !is_finite(&values)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn is_finite(tensor: &Tensor) -> Result<bool> {
    let tensor = tensor.detach().to_device(&candle_core::Device::Cpu)?.contiguous()?;
    Ok(view(&tensor)?.iter().all(|value| value.is_finite()))
}

/// A network's weights and buffers: those of its table in the order in which an image meets them, then the others.
fn in_order(network: &dyn Network) -> Vec<(String, Var)> {
    let table = network.spec().parameters(network.num_classes());
    let places: HashMap<String, usize> = table.enumerate().map(|(place, (name, _))| (name, place)).collect();
    let mut all = network.params().all();
    all.sort_by_key(|(name, _)| places.get(name).copied().unwrap_or(usize::MAX));
    all
}

#[cfg(test)]
mod tests {
    use effnet_spec::{Operator, Row, Settings, Spec};

    use super::in_order;
    use crate::{DynamicModel, Params};

    #[test]
    fn layers_stand_in_the_order_of_the_network() {
        let rows =
            vec![Row::new(2, 3, 1, 1, 8, 8, Operator::Fused, 0.0), Row::new(9, 3, 1, 2, 8, 8, Operator::MbConv, 0.25)];
        let spec = Spec { name: "Deep".into(), rows: rows.into(), settings: Settings::DEFAULT };
        let network = DynamicModel::from_spec(&spec, 2, Params::new(0).builder()).unwrap();
        let names: Vec<String> = in_order(&network).into_iter().map(|(name, _)| name).collect();
        let place = |name: &str| names.iter().position(|known| known == name).expect(name);
        let order = [
            "stem.conv.weight",
            "stem.bn.running_mean",
            "blocks.0.project_conv.bn.running_mean",
            "blocks.2.expand_conv.bn.running_mean",
            "blocks.2.dwconv.bn.running_mean",
            "blocks.2.se.conv_reduce.weight",
            "blocks.2.se.conv_expand.bias",
            "blocks.2.project_conv.bn.running_mean",
            "blocks.10.expand_conv.bn.running_mean",
            "head.project_conv.bn.running_mean",
            "head.classifier.bias",
        ];
        assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{names:?}");
    }
}
