//! `effnet export`: a network as an ONNX file.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use effnet_runtime::export::{Agreement, Onnx, Options, Weights as Numbers};
use effnet_runtime::infer::{self, Engine};
use serde::Serialize;

use super::output;
use super::threads::Threads;
use super::weights::{Weights, same_file};

/// Writes a network as an ONNX file, for ONNX Runtime, OpenVINO, tract and others
#[derive(Args, Debug)]
pub(super) struct Export {
    /// The file to write, which ends in .onnx
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    weights: Weights,
    /// Side of the images in pixels [default: any height and width]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16384))]
    size: Option<u32>,
    /// Images a call [default: any number]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: Option<u32>,
    /// Write batch normalisations as nodes of their own, instead of folding them into the convolutions
    #[arg(long)]
    keep_batch_norm: bool,
    /// Take pixels as they are, bytes of [N, H, W, C], and normalise them in the graph
    #[arg(long)]
    preprocess: bool,
    /// Number format of the weights
    #[arg(long, value_enum, default_value_t = Format::F32)]
    precision: Format,
    /// Run the written file on random images, and compare it with the engine
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    threads: Threads,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 32-bit floats
    F32,
    /// 16-bit floats, which the graph converts: half the file
    F16,
}

#[derive(Serialize)]
struct Report {
    file: String,
    bytes: u64,
    nodes: usize,
    /// Of the results, by `--check`: the largest difference from the engine's, in their standard deviations.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
}

impl Export {
    pub(super) fn run(self) -> Result<()> {
        self.threads.apply();
        let out = self.out.display();
        if self.out.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("onnx")) {
            bail!("{out} does not end in .onnx: name the ONNX file to write");
        }
        let (file, about) = self.weights.open()?;
        if same_file(&self.out, file.path()) {
            bail!("{out} is the weights file itself: name another to write");
        }
        let options = Options {
            size: self.size.map(|size| size as usize),
            batch: self.batch.map(|batch| batch as usize),
            keep_batch_norm: self.keep_batch_norm,
            preprocess: self.preprocess,
            weights: match self.precision {
                Format::F32 => Numbers::F32,
                Format::F16 => Numbers::F16,
            },
        };
        let onnx = Onnx::open(&file, &about, &options)?;
        onnx.save(&self.out)?;
        let mut error = None;
        if self.check {
            let engine = Engine::open(&file, &about.spec, about.dialect, &infer::Options::default())?;
            let Agreement { error: found, .. } =
                Onnx::read(&self.out)?.check(&engine).with_context(|| format!("{out} is wrong"))?;
            error = Some(found);
        }
        let bytes = std::fs::metadata(&self.out).with_context(|| format!("cannot read {out}"))?.len();
        let report = Report { file: out.to_string(), bytes, nodes: onnx.nodes(), error };
        if self.json { output::print_json(&report) } else { output::print(&report.to_text()) }
    }
}

impl Report {
    fn to_text(&self) -> String {
        let Self { file, bytes, nodes, error } = self;
        let written = format!("{file}: {nodes} nodes, {:.1} MB\n", *bytes as f64 / 1e6);
        let checked = error.map(|error| {
            format!("its results are the engine's: they differ by {error:.1e} of their standard deviation at most\n")
        });
        written + &checked.unwrap_or_default()
    }
}
