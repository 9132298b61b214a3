//! Runs a graph of ours as ONNX defines its operators, sharing nothing with the engine: what both agree on is in the file.

mod array;
mod attributes;
mod constant;
mod conv;
mod pointwise;
mod quantise;

use std::collections::HashMap;

pub(super) use array::Array;

use super::error::{Error, Result};
use super::message::{Dimension, GraphProto, NodeProto};
use attributes::Attributes;

/// A graph with its constants, ready to run.
pub(super) struct Interpreter<'a> {
    nodes: &'a [NodeProto],
    constants: HashMap<&'a str, Array>,
    /// The last node that reads a value.
    last_reader: HashMap<&'a str, usize>,
    input: &'a str,
    /// The input's sides, free ones as `None`.
    shape: Vec<Option<usize>>,
    output: &'a str,
}

impl<'a> Interpreter<'a> {
    /// A graph's.
    ///
    /// # Errors
    /// When it has not one input and one output, or a constant of a type that we do not write.
    pub(super) fn new(graph: &'a GraphProto) -> Result<Self> {
        let ([input], [output]) = (&graph.input[..], &graph.output[..]) else {
            return Err(unknown("it has not one input and one output"));
        };
        let shape = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref()).and_then(|of| of.shape.as_ref());
        let side = |dimension: &Dimension| dimension.dim_value.map(|value| value as usize);
        let constants = graph.initializer.iter();
        let constants = constants.map(|tensor| Ok((tensor.name.as_str(), constant::array(tensor)?)));
        let readers = graph.node.iter().enumerate();
        Ok(Self {
            nodes: &graph.node,
            constants: constants.collect::<Result<_>>()?,
            last_reader: readers
                .flat_map(|(at, node)| node.input.iter().map(move |name| (name.as_str(), at)))
                .collect(),
            input: &input.name,
            shape: shape.map(|shape| shape.dim.iter().map(side).collect()).unwrap_or_default(),
            output: &output.name,
        })
    }

    /// The output for this input. `see` sees each node and what it reads first, before it runs.
    ///
    /// # Errors
    /// When the input's shape is not the graph's, or a node is none that we write.
    pub(super) fn run(&self, input: Array, mut see: impl FnMut(&NodeProto, &Array)) -> Result<Array> {
        let fits = |(wanted, found): (&Option<usize>, &usize)| wanted.is_none_or(|wanted| wanted == *found);
        if input.shape.len() != self.shape.len() || !self.shape.iter().zip(&input.shape).all(fits) {
            let text = |side: &Option<usize>| side.map_or("any".to_owned(), |side| side.to_string());
            let wanted = self.shape.iter().map(text).collect::<Vec<_>>().join(", ");
            return Err(unknown(&format!("it takes images of [{wanted}], and was given {:?}", input.shape)));
        }
        let mut values = HashMap::from([(self.input, input)]);
        for (at, node) in self.nodes.iter().enumerate() {
            let value = |name: &String| values.get(name.as_str()).or_else(|| self.constants.get(name.as_str()));
            let inputs: Option<Vec<&Array>> = node.input.iter().map(value).collect();
            let inputs = inputs.ok_or_else(|| unknown(&format!("`{}` reads what nobody writes", node.name)))?;
            if let Some(first) = inputs.first() {
                see(node, first);
            }
            let output = apply(node, &inputs)?;
            let name = node.output.first().ok_or_else(|| unknown(&format!("`{}` has no output", node.name)))?;
            values.insert(name, output);
            values.retain(|name, _| self.last_reader.get(name).is_none_or(|last| *last > at));
        }
        values.remove(self.output).ok_or_else(|| unknown("nobody writes its output"))
    }
}

/// The result of a node.
fn apply(node: &NodeProto, inputs: &[&Array]) -> Result<Array> {
    let with = Attributes(node);
    let result = match (node.op_type.as_str(), inputs) {
        ("Add", [x, y]) => x.with(y, |x, y| x + y),
        ("Mul", [x, y]) => x.with(y, |x, y| x * y),
        ("BatchNormalization", [x, scale, shift, mean, variance]) => {
            pointwise::norm(x, [scale, shift, mean, variance], with.float("epsilon", 1e-5))
        }
        // All numbers are f32 here already.
        ("Cast", [x]) => Some((*x).clone()),
        ("Clip", [x, low, high]) => pointwise::clip(x, low, high),
        ("Conv", [x, weight]) => conv::conv(x, weight, None, &with),
        ("Conv", [x, weight, bias]) => conv::conv(x, weight, Some(bias), &with),
        ("DequantizeLinear", [x, scale, zero]) => quantise::dequantise(x, scale, zero, with.int("axis", 1)),
        ("Flatten", [x]) => x.flattened(),
        ("Gemm", [x, weight, bias]) if with.int("transB", 0) == 1 => conv::gemm(x, weight, bias),
        ("GlobalAveragePool", [x]) => pointwise::mean(x),
        ("HardSigmoid", [x]) => {
            let (alpha, beta) = (with.float("alpha", 0.2), with.float("beta", 0.5));
            Some(x.map(|x| (alpha * x + beta).clamp(0.0, 1.0)))
        }
        ("HardSwish", [x]) => Some(x.map(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0))),
        ("QuantizeLinear", [x, scale, zero]) => quantise::quantise(x, scale, zero),
        ("Relu", [x]) => Some(x.map(|x| x.max(0.0))),
        ("Sigmoid", [x]) => Some(x.map(|x| 1.0 / (1.0 + (-x).exp()))),
        ("Transpose", [x]) if with.ints("perm") == [0, 3, 1, 2] => x.channels_first(),
        _ => None,
    };
    result.ok_or_else(|| {
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| &input.shape[..]).collect();
        unknown(&format!("`{}` is a `{}` of {shapes:?}", node.name, node.op_type))
    })
}

fn unknown(reason: &str) -> Error {
    Error::Unknown(reason.to_owned())
}
