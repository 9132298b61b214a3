//! Recorder of a build without the feature `report`: a run leaves `metrics.csv` and checkpoints only.

use super::error::Result;
use super::facts::Facts;
use super::run_folder::RunFolder;
use super::watch::StepDone;

/// Records nothing.
pub(super) struct Recorder;

impl Recorder {
    pub(super) fn new(_: &RunFolder, _: u64) -> Self {
        Self
    }

    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the other recorder's signature")]
    pub(super) fn step(&mut self, _: &StepDone) -> Result<()> {
        Ok(())
    }

    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the other recorder's signature")]
    pub(super) fn epoch(&mut self, _: &Facts<'_>) -> Result<()> {
        Ok(())
    }
}
