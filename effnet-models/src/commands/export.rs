//! `effnet export`: a network as an ONNX file.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::error::ErrorKind;
use clap::{Args, ValueEnum};
use effnet_runtime::data::EvalTransform;
use effnet_runtime::export::{Agreement, Onnx, Options, Similarity, Weights as Numbers, calibrate};
use effnet_runtime::infer::{self, Engine};
use effnet_runtime::weights::{Metadata, WeightsFile};
use serde::Serialize;

use super::calibration::{Calibration, Pictures};
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
    #[command(flatten)]
    calibration: Calibration,
    /// Run the written file and compare it with the engine: on random images, or int8 on real ones
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
    /// 8-bit integers in dense convolutions, and for what they read
    Int8,
}

#[derive(Serialize)]
struct Report {
    file: String,
    bytes: u64,
    nodes: usize,
    /// The results' largest difference from the engine's, in their standard deviations, by `--check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
    /// How far int8 says what f32 does, by `--check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Answers>,
}

/// How alike the written file's answers and the engine's are.
#[derive(Serialize)]
struct Answers {
    images: usize,
    /// Images of which both say the same.
    same: usize,
    /// Images that the engine is at least 40 % sure of.
    sure: usize,
    /// Sure images of which the file says something else.
    missed: usize,
    /// Correlation of the logits, the mean over images.
    correlation: f64,
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
        let pictures = self.pictures(&about)?;
        let options = Options {
            size: self.size.map(|size| size as usize),
            batch: self.batch.map(|batch| batch as usize),
            keep_batch_norm: self.keep_batch_norm,
            preprocess: self.preprocess,
            weights: self.numbers(&file, &about, pictures.as_ref())?,
        };
        let onnx = Onnx::open(&file, &about, &options)?;
        onnx.save(&self.out)?;
        let (mut error, mut answers) = (None, None);
        if self.check {
            let engine = Engine::open(&file, &about.spec, about.dialect, &infer::Options::default())?;
            let written = Onnx::read(&self.out)?;
            match &pictures {
                Some(pictures) => answers = Some(Answers::of(written.compare(&engine, pictures.others())?)),
                None => {
                    let Agreement { error: found, .. } =
                        written.check(&engine).with_context(|| format!("{out} is wrong"))?;
                    error = Some(found);
                }
            }
        }
        let bytes = std::fs::metadata(&self.out).with_context(|| format!("cannot read {out}"))?.len();
        let report = Report { file: out.to_string(), bytes, nodes: onnx.nodes(), error, answers };
        if self.json { output::print_json(&report) } else { output::print(&report.to_text()) }
    }

    /// The pictures of `--calibrate`, which int8 needs and nothing else takes.
    fn pictures(&self, about: &Metadata) -> Result<Option<Pictures>> {
        if self.calibration.is_wanted() != (self.precision == Format::Int8) {
            let misuse = match self.precision {
                Format::Int8 => "--precision int8 needs images like those that the network will see: --calibrate DATA",
                Format::F32 | Format::F16 => "--calibrate is for --precision int8",
            };
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, format!("{misuse}\n")).into());
        }
        let size = self.size.map_or(about.dialect.test_size, |size| size as usize);
        let (dialect, channels) = (&about.dialect, about.spec.settings.in_channels);
        self.calibration.open(|| EvalTransform::of(dialect, size, channels))
    }

    fn numbers(&self, file: &WeightsFile, about: &Metadata, pictures: Option<&Pictures>) -> Result<Numbers> {
        Ok(match (self.precision, pictures) {
            (Format::F16, _) => Numbers::F16,
            (Format::Int8, Some(pictures)) => {
                Numbers::Int8(calibrate(&Onnx::open(file, about, &Options::default())?, pictures.chosen())?)
            }
            (Format::F32 | Format::Int8, _) => Numbers::F32,
        })
    }
}

impl Answers {
    fn of(Similarity { images, same, sure, missed, correlation }: Similarity) -> Self {
        Self { images, same, sure, missed, correlation }
    }

    fn to_text(&self) -> String {
        let Self { images, same, sure, missed, correlation } = self;
        format!(
            "it says what f32 says of {same} of {images} images, and of all but {missed} of the {sure} that f32 is at least \
             40 % sure of; the correlation of their logits is {correlation:.4}\n"
        )
    }
}

impl Report {
    fn to_text(&self) -> String {
        let Self { file, bytes, nodes, error, answers } = self;
        let written = format!("{file}: {nodes} nodes, {:.1} MB\n", *bytes as f64 / 1e6);
        let checked = error.map(|error| {
            format!("its results are the engine's: they differ by {error:.1e} of their standard deviation at most\n")
        });
        let answers = answers.as_ref().map(Answers::to_text);
        written + &checked.or(answers).unwrap_or_default()
    }
}
