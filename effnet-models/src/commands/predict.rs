//! `effnet predict`: what is in these pictures?

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use effnet_runtime::candle_nn::ops::softmax_last_dim;
use effnet_runtime::cli;
use effnet_runtime::data::{self, EvalTransform};
use serde::Serialize;

use super::device::Place;
use super::output;
use super::weights::{Model, Weights, not_finite};

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
    /// Side of the images in pixels [default: the weights file's]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    #[command(flatten)]
    place: Place,
    /// Print one JSON object for each image, on a line of its own
    #[arg(long)]
    json: bool,
}

/// A line of JSON about an image: its classes, or why there are none.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Found { path: String, top: Vec<Guess> },
    Failed { path: String, error: String },
}

#[derive(Serialize)]
struct Guess {
    index: usize,
    label: String,
    probability: f32,
}

impl Predict {
    pub(super) fn run(self) -> Result<()> {
        let model = self.weights.load(&self.place)?;
        let transform = model.transform(self.size)?;
        let mut failed = 0;
        for image in &self.images {
            let path = image.display().to_string();
            match self.predict(&model, &transform, image) {
                Ok(top) if self.json => output::print_json(&Answer::Found { path, top })?,
                Ok(top) => output::print(&to_text(&path, &top))?,
                Err(error) => {
                    failed += 1;
                    if self.json {
                        output::print_json(&Answer::Failed { path, error: cli::error_text(error.as_ref()) })?;
                    }
                    if self.images.len() == 1 {
                        return Err(error);
                    }
                    cli::warn(cli::error_text(error.as_ref()));
                }
            }
        }
        match failed {
            0 => Ok(()),
            failed => bail!("{failed} of {} images could not be classified", self.images.len()),
        }
    }

    /// An image's most likely classes, the most likely one first.
    fn predict(&self, model: &Model, transform: &EvalTransform, path: &Path) -> Result<Vec<Guess>> {
        let name = path.display();
        if path.is_dir() {
            bail!("{name} is a folder: name the images in it, as {name}/*.jpg does");
        }
        let images = transform.tensor(&data::read_picture(path)?)?;
        let logits = model.runner.forward(&images)?;
        if !logits.flatten_all()?.to_vec1::<f32>()?.iter().all(|logit| logit.is_finite()) {
            return Err(not_finite(&name.to_string()));
        }
        let probabilities: Vec<f32> = softmax_last_dim(&logits)?.squeeze(0)?.to_vec1()?;
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let guess = |index: usize| Guess { index, label: model.label(index), probability: probabilities[index] };
        let top = usize::try_from(self.top).unwrap_or(usize::MAX);
        Ok(order.into_iter().take(top).map(guess).collect())
    }
}

fn to_text(path: &str, top: &[Guess]) -> String {
    let mut text = format!("{path}\n");
    for guess in top {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:8.2} %  {}", 100.0 * guess.probability, guess.label);
    }
    text
}
