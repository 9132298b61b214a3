//! The flags of `train`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::text::read_text;
use crate::train::config::Layer;
use crate::train::{Error, Result};

/// The flags of `train`, but for what names the network.
#[derive(Args, Clone, Debug, Default)]
pub struct TrainArgs {
    /// Images: a folder or tar of `<class>/…` or of `train/<class>/…` and `val/<class>/…`, a CSV list, WebDataset shards,
    /// or CIFAR's binary version. Default: the bundled digits.
    #[arg(long, value_name = "PATH", help_heading = "Data")]
    data: Option<PathBuf>,
    /// Share of each class that is set aside for validation, where the data has no `val` folder [default: 0.2].
    #[arg(long, value_name = "SHARE", help_heading = "Data")]
    val_fraction: Option<f64>,
    /// What happens when a file is no image: the run ends, or the file is left out and counted.
    #[arg(long, value_name = "WHAT", help_heading = "Data")]
    on_bad_image: Option<OnBadImage>,

    /// Settings under a name: digits, scratch, finetune, paper-s and those of the other variants, or a TOML file. Default: the one that fits the data.
    #[arg(long, value_name = "NAME|FILE", help_heading = "Training")]
    recipe: Option<String>,
    /// Settings from a file, such as the `config.toml` of another run; flags are stronger.
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    config: Option<PathBuf>,
    /// Passes over the training images.
    #[arg(long, help_heading = "Training")]
    epochs: Option<u64>,
    /// Images of a step.
    #[arg(long, help_heading = "Training")]
    batch: Option<usize>,
    /// Parts that a step's images go through the network in, to take less memory.
    #[arg(long, value_name = "PARTS", help_heading = "Training")]
    accumulate: Option<usize>,
    /// Side in pixels of the images.
    #[arg(long, help_heading = "Training")]
    size: Option<usize>,
    /// Progressive learning: stages of growing images and regularisation.
    #[arg(long, value_name = "STAGES", num_args = 0..=1, default_missing_value = "4", help_heading = "Training")]
    progressive: Option<usize>,
    /// Leave weights as they are: `backbone`, or names with * for any text. May be repeated.
    #[arg(long, value_name = "NAMES", help_heading = "Training")]
    freeze: Vec<String>,
    /// Number format of the activations: f32, or on a GPU bf16 [default: f32].
    #[arg(long, value_name = "FORMAT", help_heading = "Training")]
    precision: Option<String>,
    /// The highest learning rate.
    #[arg(long, help_heading = "Training")]
    lr: Option<f64>,
    /// Any setting of `config.toml`, such as ema.decay=0.999. May be repeated; the other flags are stronger.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Training")]
    set: Vec<String>,
    /// Seed of weights, order, augmentation and dropout [default: 0].
    #[arg(long, help_heading = "Training")]
    seed: Option<u64>,
    /// Weights file to begin with: ours, torchvision's, timm's, or a `.pth` with WZMIAOMIAO's names.
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    pretrained: Option<PathBuf>,
    /// Whose conventions those weights follow, where their names do not tell: torchvision, wzm, timm, timm-tf, keras or
    /// automl.
    #[arg(long, requires = "pretrained", help_heading = "Training")]
    dialect: Option<String>,

    /// Folder of the run. Default: the next free `runs/<network>-<n>`.
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    output: Option<PathBuf>,
    /// Continue the run in the folder of --output.
    #[arg(long, help_heading = "Run")]
    resume: bool,
    /// Write a checkpoint every so many steps too, not only after each epoch.
    #[arg(long, value_name = "N", help_heading = "Run")]
    checkpoint_steps: Option<u64>,
    /// Write a checkpoint every so many minutes too.
    #[arg(long, value_name = "MINUTES", help_heading = "Run")]
    checkpoint_minutes: Option<f64>,
    /// Checkpoints of the latest epochs that are kept beside the best one [default: 1].
    #[arg(long, value_name = "N", help_heading = "Run")]
    keep: Option<usize>,

    /// What computes: cpu, cuda, cuda:N, or auto, a GPU where there is one that works [default: cpu; of a build with the
    /// feature cuda, auto].
    #[arg(long, help_heading = "Machine")]
    device: Option<String>,
    /// Threads that compute. Default: one a core.
    #[arg(long, value_name = "N", help_heading = "Machine")]
    threads: Option<usize>,
    /// Threads that read and decode images. Default: one a core.
    #[arg(long, value_name = "N", help_heading = "Machine")]
    loader_threads: Option<usize>,

    /// Print the result only.
    #[arg(long, short, conflicts_with = "json", help_heading = "Output")]
    quiet: bool,
    /// Print one JSON object a line.
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Log what happens to stderr; -vv logs more.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnBadImage {
    Fail,
    Skip,
}

/// How much a run says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Sentences, and a progress bar on a terminal.
    Human,
    /// The result.
    Quiet,
    /// One JSON object a line.
    Json,
}

impl TrainArgs {
    /// The flags as settings.
    ///
    /// # Errors
    /// When a path cannot be made absolute.
    pub(super) fn layer(&self) -> Result<Layer> {
        let mut layer = Layer::empty("the flags");
        let mut path = |key: &str, path: &Option<PathBuf>| -> Result<()> {
            if let Some(path) = path {
                layer.set(key, absolute(path)?);
            }
            Ok(())
        };
        path("data.path", &self.data)?;
        path("pretrained.path", &self.pretrained)?;
        let integers = [
            ("epochs", self.epochs),
            ("batch", self.batch.map(|batch| batch as u64)),
            ("accumulate", self.accumulate.map(|parts| parts as u64)),
            ("stages.count", self.progressive.map(|stages| stages as u64)),
            ("checkpoints.steps", self.checkpoint_steps),
            ("size", self.size.map(|size| size as u64)),
            ("eval_size", self.size.map(|size| size as u64)),
            ("seed", self.seed),
            ("checkpoints.keep", self.keep.map(|keep| keep as u64)),
            ("compute.threads", self.threads.map(|threads| threads as u64)),
            ("compute.loader_threads", self.loader_threads.map(|threads| threads as u64)),
        ];
        for (key, value) in integers {
            if let Some(value) = value {
                let value =
                    i64::try_from(value).map_err(|_| Error::Setting(format!("{key} = {value} is too large")))?;
                layer.set(key, value);
            }
        }
        let numbers = [
            ("data.val_fraction", self.val_fraction),
            ("optimizer.lr", self.lr),
            ("checkpoints.minutes", self.checkpoint_minutes),
        ];
        for (key, value) in numbers {
            if let Some(value) = value {
                layer.set(key, value);
            }
        }
        let texts =
            [("compute.device", &self.device), ("pretrained.dialect", &self.dialect), ("precision", &self.precision)];
        for (key, value) in texts {
            if let Some(value) = value {
                layer.set(key, value.as_str());
            }
        }
        if !self.freeze.is_empty() {
            layer.set("regularise.freeze", self.freeze.clone());
        }
        if let Some(what) = self.on_bad_image {
            layer.set(
                "data.on_bad_image",
                match what {
                    OnBadImage::Fail => "fail",
                    OnBadImage::Skip => "skip",
                },
            );
        }
        Ok(layer)
    }

    /// The settings of `--set`.
    ///
    /// # Errors
    /// When one is not a key and a value.
    pub(super) fn set_layer(&self) -> Result<Layer> {
        let mut layer = Layer::empty("--set");
        self.set.iter().try_for_each(|assignment| layer.set_text(assignment))?;
        Ok(layer)
    }

    /// The settings of `--config`.
    ///
    /// # Errors
    /// When the file cannot be read or is no TOML.
    pub(super) fn config_layer(&self) -> Result<Option<Layer>> {
        let Some(path) = &self.config else { return Ok(None) };
        let name = path.display().to_string();
        let text =
            read_text(path).map_err(|error| Error::Setting(format!("cannot read the settings `{name}`: {error}")))?;
        Layer::parse(name, &text).map(Some)
    }

    pub(super) fn recipe(&self) -> Option<&str> {
        self.recipe.as_deref()
    }

    pub(super) fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    pub(super) fn resume(&self) -> bool {
        self.resume
    }

    pub(super) fn style(&self) -> Style {
        match (self.quiet, self.json) {
            (_, true) => Style::Json,
            (true, false) => Style::Quiet,
            (false, false) => Style::Human,
        }
    }

    pub(super) fn verbosity(&self) -> u8 {
        self.verbose
    }
}

/// An absolute path as text: a run is resumed from anywhere.
fn absolute(path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path).map_err(Error::folder("read", path))?;
    match absolute.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Error::Setting(format!("the path `{}` is not UTF-8: rename it", path.display()))),
    }
}
