//! Int8: pairs of `QuantizeLinear` and `DequantizeLinear`, between which other programs multiply integers.

use super::graph::Graph;
use super::message::{AttributeProto, data_type};

/// Rounds the value `x`, which a layer reads, to one of 256 steps of its range and of 0, and returns the rounded value's
/// name.
pub(super) fn input(graph: &mut Graph, layer: &str, x: &str, [low, high]: [f32; 2]) -> String {
    let (low, high) = (low.min(0.0), high.max(0.0));
    let scale = if high > low { (high - low) / 255.0 } else { 1.0 };
    let zero = (-low / scale).round_ties_even() as u8;
    let [scale_name, zero_name] = ["scale", "zero_point"].map(|part| format!("{layer}.input.{part}"));
    graph.floats(&scale_name, &[], &[scale]);
    graph.constant(&zero_name, &[], data_type::UINT8, vec![zero]);
    let steps = [scale_name.as_str(), zero_name.as_str()];
    let quantised = format!("{layer}.input.quantised");
    let quantised = graph.node("QuantizeLinear", &quantised, &[x, steps[0], steps[1]], Vec::new());
    graph.node("DequantizeLinear", &format!("{layer}.input.rounded"), &[&quantised, steps[0], steps[1]], Vec::new())
}

/// Adds a weight whose filters each have 255 steps of their own, as many above 0 as below, and returns the name of its
/// values.
pub(super) fn weight(graph: &mut Graph, name: &str, shape: &[usize], values: &[f32]) -> String {
    let length = shape.iter().skip(1).product::<usize>().max(1);
    let filters = values.chunks_exact(length);
    let scale = |filter: &[f32]| match filter.iter().fold(0f32, |largest, value| largest.max(value.abs())) {
        0.0 => 1.0,
        largest => largest / 127.0,
    };
    let scales: Vec<f32> = filters.clone().map(scale).collect();
    let rounded = filters.zip(&scales).flat_map(|(filter, scale)| {
        filter.iter().map(move |value| (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8 as u8)
    });
    graph.constant(name, shape, data_type::INT8, rounded.collect());
    let [scale_name, zero_name] = ["scale", "zero_point"].map(|part| format!("{name}.{part}"));
    graph.floats(&scale_name, &[scales.len()], &scales);
    graph.constant(&zero_name, &[scales.len()], data_type::INT8, vec![0; scales.len()]);
    let axis = vec![AttributeProto::int("axis", 0)];
    graph.node("DequantizeLinear", &format!("{name}.f32"), &[name, &scale_name, &zero_name], axis)
}
