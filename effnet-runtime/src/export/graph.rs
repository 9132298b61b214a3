//! A graph as it grows.

use half::f16;
use prost::bytes::Bytes;

use super::error::{Error, Result};
use super::message::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type};

/// Nodes and constants. A node has one output, which has the node's name.
#[derive(Default)]
pub(super) struct Graph {
    proto: GraphProto,
}

impl Graph {
    /// Adds a node, and returns the name of its output.
    pub(super) fn node(
        &mut self,
        op_type: &str,
        name: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> String {
        let input = inputs.iter().map(|&input| input.to_owned()).collect();
        let (name, output) = (name.to_owned(), vec![name.to_owned()]);
        self.proto.node.push(NodeProto { input, output, name: name.clone(), op_type: op_type.to_owned(), attribute });
        name
    }

    /// Adds a constant of f32.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, shape, data_type::FLOAT, bytes);
    }

    /// Adds a constant of f16.
    ///
    /// # Errors
    /// When a value would be infinite.
    pub(super) fn halves(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<()> {
        let halves: Vec<f16> = values.iter().map(|value| f16::from_f32(*value)).collect();
        if !halves.iter().all(|half| half.is_finite()) {
            return Err(Error::BeyondF16(name.to_owned()));
        }
        self.constant(name, shape, data_type::FLOAT16, halves.iter().flat_map(|half| half.to_le_bytes()).collect());
        Ok(())
    }

    /// Adds a number that several nodes share, once, and returns its name.
    pub(super) fn number(&mut self, value: f32) -> String {
        let name = format!("number.{value}");
        if !self.proto.initializer.iter().any(|constant| constant.name == name) {
            self.floats(&name, &[], &[value]);
        }
        name
    }

    /// Adds a constant of this type, of its bytes.
    pub(super) fn constant(&mut self, name: &str, shape: &[usize], data_type: i32, bytes: Vec<u8>) {
        let dims = shape.iter().map(|side| *side as i64).collect();
        let raw_data = Bytes::from(bytes);
        self.proto.initializer.push(TensorProto { dims, data_type, name: name.to_owned(), raw_data });
    }

    /// The graph, its last node's output under the name `output`.
    pub(super) fn finish(mut self, output: &str) -> GraphProto {
        if let Some(last) = self.proto.node.last_mut() {
            last.output = vec![output.to_owned()];
        }
        self.proto
    }
}
