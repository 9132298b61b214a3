//! Networks for other programs: ONNX files, for ONNX Runtime, OpenVINO, tract and whatever else reads them.
//!
//! An [`Onnx`] is such a file in memory, of opset 17: made of a network or of a weights file, written, read back and run.
//! Its weights have our names. Its input `images` is `[N, C, H, W]`, on which the mean and the standard deviation have been
//! applied, and its output `logits` is `[N, classes]`; a network without classes puts out `embeddings`. Its
//! properties say how images are prepared and what the classes are called: `labels`, `mean`, `std`, `size`, `crop`, `fit`,
//! `interpolation`, `dialect`, and, with the table, `effnet`.
//!
//! ```
//! use effnet_runtime::export::{Onnx, Options};
//! use effnet_runtime::infer::Engine;
//! use effnet_runtime::weights::Metadata;
//! use effnet_runtime::{Params, efficientnet_v2};
//!
//! efficientnet_v2! {
//!     pub struct Small < [1, 3, 2, 1, 8, 8, fused, 0], [1, 3, 2, 4, 8, 16, mbconv, 0.25] > { num_features: 32 }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("small.onnx");
//! let network = Small::new(2, Params::new(0).builder())?;
//! let about = Metadata::of(&network, "small", &["cat", "dog"].map(str::to_owned));
//! let options = Options { preprocess: true, ..Options::default() };
//! Onnx::new(&network, &about, &options)?.save(&path)?;
//!
//! // What was written is what the engine computes.
//! Onnx::read(&path)?.check(&Engine::new(&network, &Default::default())?)?;
//! # Ok(())
//! # }
//! ```

mod agreement;
mod calibrate;
mod error;
mod file;
mod graph;
mod input;
mod interpret;
mod layers;
mod message;
mod network;
mod options;
mod properties;
mod quantise;
mod similarity;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use crate::builder::check_network;
use crate::infer::fold::{OfFile, OfNetwork, Source};
use crate::network::Network;
use crate::weights::{self, Metadata, WeightsFile};
pub use agreement::Agreement;
pub use calibrate::{Ranges, calibrate};
pub use error::{Error, Result};
use interpret::{Array, Interpreter};
use message::{GraphProto, ModelProto, OperatorSetIdProto};
pub use options::{Options, Weights};
pub use similarity::Similarity;

/// Version of the operators.
const OPSET: i64 = 17;

/// Version of the file format.
const IR_VERSION: i64 = 8;

/// A network as an ONNX file. A clone shares the weights.
#[derive(Clone, PartialEq)]
pub struct Onnx {
    /// Without its graph.
    model: ModelProto,
    graph: GraphProto,
}

/// One short line.
impl std::fmt::Debug for Onnx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`, {} nodes", self.graph.name, self.nodes())
    }
}

impl Onnx {
    /// The file of a network with its weights as they are now. `about` is what the file says of itself
    /// ([`Metadata::of`]).
    ///
    /// # Errors
    /// When the network lacks a parameter that its table calls for, the options make no sense, or the number format cannot
    /// hold a weight.
    pub fn new(network: &dyn Network, about: &Metadata, options: &Options) -> Result<Self> {
        Self::build(&OfNetwork(network), about, network.num_classes(), options)
    }

    /// The file of a network with the weights of a file, read tensor by tensor: no network is built. `about` is the file's
    /// own account of itself, or, for one of another implementation, what is known of it.
    ///
    /// # Errors
    /// As [`Onnx::new`], and as [`Engine::open`](crate::infer::Engine::open).
    pub fn open(file: &WeightsFile, about: &Metadata, options: &Options) -> Result<Self> {
        let num_classes = file.classes_to_fill()?;
        check_network(&about.spec)?;
        weights::check(file, &about.spec, &about.dialect, num_classes)?;
        Self::build(&OfFile::new(file, &about.spec)?, about, num_classes, options)
    }

    fn build(source: &dyn Source, about: &Metadata, num_classes: usize, options: &Options) -> Result<Self> {
        let graph = network::graph(source, about, num_classes, options)?;
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "effnet".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: None,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            metadata_props: properties::properties(about, options)?,
        };
        Ok(Self { model, graph })
    }

    /// Writes the file, atomically.
    ///
    /// # Errors
    /// When the folder is missing or cannot be written to.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        file::write(path.as_ref(), &self.model, &self.graph)
    }

    /// Reads a file that [`Onnx::save`] wrote.
    ///
    /// # Errors
    /// When it cannot be read or is no ONNX file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let (model, graph) = file::read(path.as_ref())?;
        Ok(Self { model, graph })
    }

    /// The number of nodes of its graph.
    pub fn nodes(&self) -> usize {
        self.graph.node.len()
    }

    /// What the file says of itself.
    ///
    /// # Errors
    /// When it says nothing, or what it says cannot be read.
    pub fn metadata(&self) -> Result<Metadata> {
        let properties = self.model.metadata_props.iter();
        let header: HashMap<_, _> = properties.map(|entry| (entry.key.clone(), entry.value.clone())).collect();
        let unknown = |error: serde_json::Error| Error::Unknown(error.to_string());
        let metadata = Metadata::from_header(&header).map_err(unknown)?;
        metadata.ok_or_else(|| Error::Unknown(format!("it has no property `{}`", weights::KEY)))
    }

    /// Logits `[N, classes]` of images `[N, C, H, W]`, or, if the graph prepares them itself, of bytes `[N, H, W, C]`;
    /// without classes, embeddings. The graph runs as ONNX defines its operators, one after the other: this says what is in
    /// the file, and is no way to serve a network.
    ///
    /// # Errors
    /// When the images do not fit, or the graph has an operator that effnet does not write.
    pub fn run(&self, images: &Tensor) -> Result<Tensor> {
        let output = Interpreter::new(&self.graph)?.run(Array::of(images)?, |_, _| ())?;
        Ok(Tensor::from_vec(output.data, output.shape, &Device::Cpu)?)
    }
}
