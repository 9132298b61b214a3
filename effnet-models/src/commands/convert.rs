//! `effnet convert`: weights for another program.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use effnet_runtime::candle::Device;
use effnet_runtime::weights::{NumberFormat, Scheme, Source, export_as, read_network};
use effnet_runtime::{DynamicModel, Network};
use serde::Serialize;

use super::output;
use super::weights::{Account, same_file, source_parser};

/// Writes weights under another implementation's names, or in another format
#[derive(Args, Debug)]
pub(super) struct Convert {
    /// The weights: a file, a folder with one, or hf:owner/name[@revision]
    #[arg(value_name = "IN", value_parser = source_parser())]
    from: Source,
    /// The file to write: .safetensors, .pth, .pt or .bin for PyTorch, .weights.h5 or .h5 for Keras
    #[arg(value_name = "OUT")]
    to: PathBuf,
    /// The implementation whose names to write [default: keras for its formats, else own]
    #[arg(long, value_enum)]
    names: Option<Names>,
    /// Number format of the weights
    #[arg(long, value_enum, default_value_t = Numbers::F32)]
    precision: Numbers,
    #[command(flatten)]
    account: Account,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Names {
    /// effnet's, with what it says of the weights; WZMIAOMIAO's programs know them too
    Own,
    Torchvision,
    /// timm's, with a config.json beside them
    Timm,
    /// EfficientNet-PyTorch's
    Lukemelas,
    Keras,
    /// automl's, as TensorFlow 1's variables
    Automl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Numbers {
    /// 32-bit floats
    F32,
    /// 16-bit floats, up to 65,504
    F16,
    /// 16-bit floats of 8 bits of precision
    Bf16,
}

#[derive(Serialize)]
struct Report {
    file: String,
    bytes: u64,
    network: String,
    names: String,
    parameters: usize,
    classes: usize,
}

impl Convert {
    pub(super) fn run(self) -> Result<()> {
        let out = self.to.display();
        let (file, about) = self.account.open(&self.from)?;
        if same_file(&self.to, file.path()) {
            bail!("{out} is the weights file itself: name another to write");
        }
        let spec = &about.spec;
        let build = |classes, vb| DynamicModel::from_spec(spec, classes, vb);
        let network = read_network(&file, spec, about.dialect.clone(), &Device::Cpu, build)?;
        let names = self.names.unwrap_or(if is_h5(&self.to) { Names::Keras } else { Names::Own });
        let scheme = match names {
            Names::Own => Scheme::Own,
            Names::Torchvision => Scheme::Torchvision,
            Names::Timm => Scheme::Timm,
            Names::Lukemelas => Scheme::Lukemelas,
            Names::Keras => Scheme::Keras,
            Names::Automl => Scheme::Automl,
        };
        let numbers = match self.precision {
            Numbers::F32 => NumberFormat::F32,
            Numbers::F16 => NumberFormat::F16,
            Numbers::Bf16 => NumberFormat::Bf16,
        };
        export_as(&self.to, &network, &about, scheme, numbers)?;
        let bytes = std::fs::metadata(&self.to).with_context(|| format!("cannot read {out}"))?.len();
        let report = Report {
            file: out.to_string(),
            bytes,
            network: about.name,
            names: scheme.to_string(),
            parameters: network.params().trainable(),
            classes: network.num_classes(),
        };
        if self.json { output::print_json(&report) } else { output::print(&report.to_text()) }
    }
}

fn is_h5(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("h5"))
}

impl Report {
    fn to_text(&self) -> String {
        let Self { file, bytes, network, names, parameters, classes } = self;
        let [parameters, megabytes] = [*parameters as f64, *bytes as f64].map(|count| count / 1e6);
        format!(
            "{file}: {network}, {classes} classes, {parameters:.2} M parameters under {names}'s names, {megabytes:.1} MB\n"
        )
    }
}
