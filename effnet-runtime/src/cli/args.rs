//! Flags of `train`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::flags::SettingFlags;
use crate::text::read_text;
use crate::train::config::Layer;
use crate::train::{Error, Result};

/// The flags of `train`, except the choice of a network.
#[derive(Args, Clone, Debug, Default)]
pub struct TrainArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags,

    /// Settings from a file, such as the `config.toml` of another run; flags are stronger.
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    config: Option<PathBuf>,
    /// Any setting of `config.toml`, such as ema.decay=0.999. May be repeated; the other flags are stronger.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Training")]
    set: Vec<String>,

    /// Folder of the run. Default: the next free `runs/<network>-<n>`.
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(super) output: Option<PathBuf>,
    /// Continue the run in the folder of --output.
    #[arg(long, help_heading = "Run")]
    pub(super) resume: bool,

    /// Print the result only.
    #[arg(long, short, conflicts_with = "json", help_heading = "Output")]
    quiet: bool,
    /// Print one JSON object per line.
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Log what happens to stderr; -vv logs more.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,

    /// Settings that go before the recipe's, where the command has some.
    #[arg(skip)]
    pub(super) over: Option<Layer>,
}

/// Verbosity of a run's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Sentences, with a progress bar on a terminal.
    Human,
    /// The result only.
    Quiet,
    /// One JSON object per line.
    Json,
}

impl TrainArgs {
    /// The folder of `--output`.
    pub fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// Whether `--resume` is there.
    pub fn resumes(&self) -> bool {
        self.resume
    }

    /// Whether a flag or a file sets this setting.
    ///
    /// # Errors
    /// When the file cannot be read or is no TOML.
    pub fn says(&self, key: &str) -> Result<bool> {
        let (flags, set, file) = (self.settings.layer()?, self.set_layer()?, self.config_layer()?);
        Ok([&flags, &set].into_iter().chain(&file).any(|layer| layer.settings.contains_key(key)))
    }

    /// These flags, with settings that are stronger than the recipe's and weaker than those of a file or a flag.
    #[must_use]
    pub fn over_recipe(self, settings: Layer) -> Self {
        Self { over: Some(settings), ..self }
    }

    /// How often `--verbose` is there.
    pub fn verbosity(&self) -> u8 {
        self.verbose
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

    /// How the run's output is to look.
    pub fn style(&self) -> Style {
        match (self.quiet, self.json) {
            (_, true) => Style::Json,
            (true, false) => Style::Quiet,
            (false, false) => Style::Human,
        }
    }
}
