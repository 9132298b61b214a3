//! Weights of other programs, there and back: what a program made gives here the logits that it gives there, and comes
//! back as it was.

mod answers;
mod live;

use std::path::{Path, PathBuf};

use effnet_models::find;
use effnet_runtime::candle::{Device, Module, Tensor};
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::Spec;
use effnet_runtime::spec::grammar::parse_table;
use effnet_runtime::weights::{Convention, Metadata, NumberFormat, Scheme, WeightsFile, export_as, read_network};
use effnet_runtime::{DynamicModel, Eval, Network};

use super::models::values;

/// Logits of two implementations, which add in different orders, in deviations.
const AGREE: f32 = 1e-4;

/// A network that a program has too: a variant, or a user's table.
struct Common {
    scheme: Scheme,
    name: String,
    spec: Spec,
}

impl Common {
    fn find(program: &str, name: &str) -> Self {
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.to_string() == program).unwrap();
        let spec = table(name).unwrap_or_else(|| find(name).unwrap().spec().clone());
        Self { scheme, name: name.to_owned(), spec }
    }

    /// timm's names do not tell its padding.
    fn said(&self) -> Option<Convention> {
        let own = self.name.contains("_rw_");
        (self.scheme == Scheme::Timm).then_some(if own { Convention::Timm } else { Convention::TimmTf })
    }

    fn build(&self, classes: usize, vb: VarBuilder<'static>) -> effnet_runtime::candle::Result<Box<dyn Network>> {
        match find(&self.name) {
            Ok(variant) => variant.build(classes, vb),
            Err(_) => Ok(Box::new(DynamicModel::from_spec(&self.spec, classes, vb)?)),
        }
    }

    fn read(&self, path: &Path) -> (WeightsFile, Box<dyn Network>) {
        let file = WeightsFile::open(path).unwrap();
        assert_eq!(file.scheme().unwrap(), self.scheme);
        let build = |classes, vb| self.build(classes, vb);
        let network = read_network(&file, &self.spec, self.said(), &Device::Cpu, build).unwrap();
        (file, network)
    }

    /// Reads a file by the layers and by the engine: the network, and how far logits are from the program's, in
    /// deviations.
    fn hold(&self, path: &Path, images: &Tensor, logits: &Tensor) -> (Box<dyn Network>, f32) {
        let (file, network) = self.read(path);
        let layers = Eval::new(&network).forward(images).unwrap();
        let engine = Engine::open(&file, &self.spec, self.said(), &Options::default()).unwrap();
        let apart = difference(&layers, logits).max(difference(&engine.forward(images).unwrap(), logits));
        assert!(apart <= AGREE, "{}: logits are {apart:e} of their deviation from {}'s", path.display(), self.scheme);
        (network, apart)
    }

    /// Writes the network in each of these formats, under the program's names.
    fn write(&self, folder: &Path, ends: &[&str], network: &dyn Network) -> Vec<PathBuf> {
        let about = Metadata::of(network, &self.name, &[]);
        let write = |end: &&str| {
            let path = folder.join(format!("model{end}"));
            export_as(&path, network, &about, self.scheme, NumberFormat::F32).unwrap();
            path
        };
        ends.iter().map(write).collect()
    }
}

/// A user's table, which other programs' builders can build.
pub(crate) fn table(name: &str) -> Option<Spec> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("foreign_weights/{name}.table"));
    let text = std::fs::read_to_string(path).ok()?;
    Some(parse_table(name, &text).unwrap())
}

/// The largest difference, in deviations of what is expected.
fn difference(found: &Tensor, expected: &Tensor) -> f32 {
    assert_eq!(found.dims(), expected.dims());
    let (found, expected) = (values(found), values(expected));
    let mean = expected.iter().sum::<f32>() / expected.len() as f32;
    let variance = expected.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / expected.len() as f32;
    let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs() / variance.sqrt());
    differences.fold(0.0, |most, off| if off.is_nan() { f32::INFINITY } else { most.max(off) })
}

/// The ends of files that a program reads and writes, and of those that are written for it.
fn ends(scheme: Scheme) -> (&'static [&'static str], &'static [&'static str]) {
    match scheme {
        Scheme::Keras => (&[".keras", ".h5", ".weights.h5"], &[".weights.h5", ".h5"]),
        _ => (&[".pth", ".safetensors"], &[".pth", ".safetensors"]),
    }
}
