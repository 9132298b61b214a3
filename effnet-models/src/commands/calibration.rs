//! `--calibrate`: pictures that say what a network reads, and others to try the result on.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use effnet_runtime::candle::Tensor;
use effnet_runtime::data::{self, EvalTransform, Source};

use super::progress::counted;

/// The pictures for int8.
#[derive(Args, Clone, Debug)]
pub(super) struct Calibration {
    /// Images like those that the network will see, for int8: a folder with pictures, or a data set of any kind that `check` takes
    #[arg(long, value_name = "DATA")]
    calibrate: Option<PathBuf>,
    /// How many of them; --check measures on the others
    #[arg(long, value_name = "N", default_value_t = 128, requires = "calibrate", value_parser = clap::value_parser!(u32).range(1..))]
    calibration_images: u32,
}

/// Pictures, ready for a network.
pub(super) struct Pictures {
    source: Arc<dyn Source>,
    transform: EvalTransform,
    /// Numbers of those that calibrate.
    chosen: Vec<usize>,
    /// Numbers of those that do not.
    others: Vec<usize>,
}

/// Pictures to measure on, at most.
const MEASURED: usize = 1000;

impl Calibration {
    /// Whether the command line names a data set.
    pub(super) fn is_wanted(&self) -> bool {
        self.calibrate.is_some()
    }

    /// Opens the data set, if there is one.
    pub(super) fn open(
        &self,
        transform: impl FnOnce() -> Result<EvalTransform, data::Error>,
    ) -> Result<Option<Pictures>> {
        let Some(path) = &self.calibrate else { return Ok(None) };
        let transform = transform()?;
        let source = data::open_pictures(path)?;
        let chosen = spread(source.len(), self.calibration_images as usize);
        let others: Vec<usize> = (0..source.len()).filter(|number| chosen.binary_search(number).is_err()).collect();
        let others = spread(others.len(), MEASURED).into_iter().map(|at| others[at]).collect();
        Ok(Some(Pictures { source, transform, chosen, others }))
    }
}

impl Pictures {
    /// Images that calibrate, each `[1, C, size, size]`. How many of them have been taken is shown.
    pub(super) fn chosen(&self) -> impl Iterator<Item = Result<Tensor>> {
        counted("calibrating on", self.chosen.iter().map(|number| self.read(*number)))
    }

    /// Images that do not; where all do, the same.
    pub(super) fn others(&self) -> impl Iterator<Item = Result<Tensor>> {
        let others = if self.others.is_empty() { &self.chosen } else { &self.others };
        counted("comparing with f32 on", others.iter().map(|number| self.read(*number)))
    }

    fn read(&self, number: usize) -> Result<Tensor> {
        let picture = data::decode(&self.source.read(number)?, &self.source.name(number))?;
        Ok(self.transform.tensor(&picture)?)
    }
}

/// Up to `count` of the numbers below `all`, evenly spread, since a data set's pictures lie class by class.
fn spread(all: usize, count: usize) -> Vec<usize> {
    let count = count.min(all);
    (0..count).map(|at| at * all / count).collect()
}
