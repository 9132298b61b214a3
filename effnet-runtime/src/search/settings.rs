//! The settings of a search.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::{Error, Result};
use super::reward::PaperReward;
use super::sampler::{Evolution, Halving, Random, Sampler};
use crate::text::many;
use crate::train::Config;
use crate::train::config::{Layer, merge};

/// The settings of a search: `search.toml` of its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the space, whose text is `space.toml`.
    pub space: String,
    /// Networks to try.
    pub samples: u64,
    /// What proposes them.
    pub sampler: SamplerKind,
    /// Share of each class's training images that accuracy is measured on, and that no trial trains on.
    pub hold_out: f64,
    /// What S is the time of.
    pub measure: Measure,
    /// The ledger of another search, to take times from instead of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<PathBuf>,
    /// Trials whose weights are kept: the best ones.
    pub keep: usize,
    /// What makes one number of an outcome.
    pub reward: PaperReward,
    /// The settings of each trial's run, whose `epochs` are the most that a trial has.
    #[serde(deserialize_with = "over_the_defaults")]
    pub run: Config,
}

/// A way to propose networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// Each network with the same probability
    Random,
    /// Regularised evolution: mutations of the best among the latest
    Evolution,
    /// Successive halving: short trainings, of which the best third goes on to thrice the epochs
    Halving,
}

/// The time that a network is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A training step, as in the paper
    Step,
    /// An inference of one image, by the engine
    Inference,
}

impl Settings {
    /// The sampler.
    pub fn sampler(&self) -> Box<dyn Sampler> {
        let Self { samples, run: Config { seed, epochs, .. }, .. } = *self;
        let random = Random { seed, samples, epochs };
        match self.sampler {
            SamplerKind::Random => Box::new(random),
            SamplerKind::Evolution => Box::new(Evolution::new(random)),
            SamplerKind::Halving => Box::new(Halving::new(random)),
        }
    }

    /// How long a trial is trained: `10 epochs`, `up to 10 epochs`.
    pub fn trial_length(&self) -> String {
        let epochs = many(self.run.epochs, "epoch");
        if self.sampler == SamplerKind::Halving { format!("up to {epochs}") } else { epochs }
    }

    /// The settings as `search.toml` has them.
    ///
    /// # Errors
    /// When they have no TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::Setting(format!("the settings have no TOML form: {error}")))
    }

    /// Reads `search.toml`.
    ///
    /// # Errors
    /// When the text is not that of such a file.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let reason = error.message().to_owned();
            Error::Setting(format!("`{}` does not hold the settings of a search: {reason}", path.display()))
        })
    }
}

/// Settings of a run, of which a folder of an earlier version lacks those that came later.
fn over_the_defaults<'de, D: Deserializer<'de>>(settings: D) -> std::result::Result<Config, D::Error> {
    merge(&[Layer::of("`run`", toml::Table::deserialize(settings)?)]).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::config::recipe;

    const PATH: &str = "runs/search-1/search.toml";
    const OWN: &str = "space = \"b0\"\nsamples = 60\nsampler = \"random\"\nhold_out = 0.2\nmeasure = \"step\"\nkeep = 5\n\
                       [reward]\ntime = -0.07\nparams = -0.05\n[run]\n";

    /// The file of a search whose trials take the recipe for digits.
    fn text() -> String {
        let known = "model = 'search'\nrecipe = 'digits'\nepochs = 1\nsize = 48\neval_size = 48\n\
                     compute = { device = 'cpu', threads = 2, loader_threads = 2 }";
        let run = merge(&[recipe("digits").unwrap(), Layer::parse("the test", known).unwrap()]).unwrap();
        let run = toml::to_string(&run).unwrap().replace("\n[", "\n[run.");
        format!("{OWN}{run}")
    }

    fn parse(text: &str) -> Result<Settings> {
        Settings::parse(Path::new(PATH), text)
    }

    #[test]
    fn settings_that_came_later_have_their_defaults() {
        let text = text();
        let settings = parse(&text).unwrap();
        assert_eq!(parse(&settings.to_toml().unwrap()).unwrap(), settings);
        for later in ["statistics = \"local\"\n", "[run.pretrained]\naveraged = true\n"] {
            assert!(text.contains(later), "{text}");
            assert_eq!(parse(&text.replace(later, "")).unwrap(), settings);
        }
    }

    #[test]
    fn a_setting_that_a_run_does_not_have_is_named() {
        let later = text().replace("class_weights", "clas_weights");
        let error = parse(&later).unwrap_err().to_string();
        let expected = "`runs/search-1/search.toml` does not hold the settings of a search: `run` has an unknown setting \
                        `regularise.clas_weights`: did you mean `regularise.class_weights`?";
        assert_eq!(error, expected);
    }
}
