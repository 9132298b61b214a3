//! Writes and reads a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;

use super::error::{Error, Result};
use super::message::{GraphProto, ModelProto, TensorProto};
use crate::weights::write_atomically;

/// Keys of `ModelProto.graph` and `GraphProto.initializer`: the field's number, and the wire type "length-delimited".
const GRAPH: u8 = 7 << 3 | 2;
const INITIALIZER: u8 = 5 << 3 | 2;

/// Writes a model and its graph, atomically, and tensor by tensor: prost alone would hold all weights a second time.
pub(super) fn write(path: &Path, model: &ModelProto, graph: &GraphProto) -> Result<()> {
    // The clone shares the weights.
    let mut nodes = graph.clone();
    let tensors = std::mem::take(&mut nodes.initializer);
    let delimited = |tensor: &TensorProto| {
        let length = tensor.encoded_len();
        1 + prost::length_delimiter_len(length) + length
    };
    let length = nodes.encoded_len() + tensors.iter().map(delimited).sum::<usize>();
    write_atomically(path, |file| {
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&model.encode_to_vec())?;
        let mut key = vec![GRAPH];
        prost::encode_length_delimiter(length, &mut key)?;
        file.write_all(&key)?;
        file.write_all(&nodes.encode_to_vec())?;
        for tensor in &tensors {
            file.write_all(&[INITIALIZER])?;
            file.write_all(&tensor.encode_length_delimited_to_vec())?;
        }
        file.flush()
    })
    .map_err(|reason| Error::Unwritable { path: path.to_path_buf(), reason })
}

/// Reads a model and its graph. Its weights are parts of the file's bytes, not copies.
pub(super) fn read(path: &Path) -> Result<(ModelProto, GraphProto)> {
    let bytes = std::fs::read(path).map_err(|reason| Error::Unreadable { path: path.to_path_buf(), reason })?;
    let foreign = |reason: String| Error::Foreign { path: path.to_path_buf(), reason };
    let mut model = ModelProto::decode(Bytes::from(bytes)).map_err(|error| foreign(error.to_string()))?;
    let graph = model.graph.take().ok_or_else(|| foreign("it has no graph".to_owned()))?;
    Ok((model, graph))
}
