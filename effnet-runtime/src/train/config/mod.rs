//! The settings of a run.
//!
//! `table.rs` lists them: their keys, types, defaults, bounds and flags, and what they mean. A run's settings are layers
//! of TOML, each over the one before: the table's defaults, what follows from the network, the recipe, the file of
//! `--config`, `--set`, the flags. The result is written to the run folder as `config.toml`, which `--config` accepts.

mod layers;
mod optimizer;
mod recipe;
mod setting;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use layers::{Layer, merge};
pub use recipe::{RECIPES, pick_recipe, recipe};
pub use table::{
    AugmentConfig, CheckpointsConfig, ComputeConfig, Config, DataConfig, EmaConfig, OptimizerConfig, PretrainedConfig,
    RegulariseConfig, ScheduleConfig, StagesConfig,
};
pub use values::{ClassWeights, ClassWeightsRule, OptimizerKind, PolicyKind, ScheduleKind, StatisticsKind};

pub(crate) use setting::{Fallback, Kind, Setting, number};
pub(crate) use table::SETTINGS;

impl DataConfig {
    /// Name of the data set for people.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "the bundled digits".to_owned(), |path| path.display().to_string())
    }
}
