//! `effnet predict`: what is in these pictures?

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use effnet_runtime::candle_nn::ops::softmax_last_dim;
use effnet_runtime::data::{self, EvalTransform};
use serde::Serialize;

use super::device::Place;
use super::output;
use super::threads::Threads;
use super::weights::{Model, Weights};

/// Classifies images with the weights of a file
#[derive(Args, Debug)]
pub(super) struct Predict {
    /// Images to classify: JPEG, PNG, WebP, GIF or BMP
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    #[command(flatten)]
    weights: Weights,
    /// How many classes to name for each image
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    top: u64,
    /// Side in pixels that images are brought to [default: what the weights file says]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    threads: Threads,
    /// Print one JSON object a line and image
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Prediction<'a> {
    path: &'a Path,
    top: Vec<Guess>,
}

#[derive(Serialize)]
struct Guess {
    index: usize,
    label: String,
    probability: f32,
}

impl Predict {
    pub(super) fn run(self) -> Result<()> {
        self.threads.apply();
        let model = self.weights.load(&self.place)?;
        let transform = super::images::eval_transform(&model.dialect, model.in_channels, self.size)?;
        for path in &self.images {
            let prediction = self.predict(&model, &transform, path)?;
            if self.json {
                output::print_json(&prediction)?;
            } else {
                output::print(&prediction.to_text())?;
            }
        }
        Ok(())
    }

    fn predict<'a>(&self, model: &Model, transform: &EvalTransform, path: &'a Path) -> Result<Prediction<'a>> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read the image {}", path.display()))?;
        let image = data::decode(&bytes, &path.display().to_string())?;
        let images = transform.tensor(&image)?;
        let logits = model.runner.forward(&images)?;
        let probabilities: Vec<f32> = softmax_last_dim(&logits)?.squeeze(0)?.to_vec1()?;
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let guess = |index: usize| Guess { index, label: model.label(index), probability: probabilities[index] };
        let top = usize::try_from(self.top).unwrap_or(usize::MAX);
        Ok(Prediction { path, top: order.into_iter().take(top).map(guess).collect() })
    }
}

impl Prediction<'_> {
    fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.path.display());
        for guess in &self.top {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:8.2} %  {}", 100.0 * guess.probability, guess.label);
        }
        text
    }
}
