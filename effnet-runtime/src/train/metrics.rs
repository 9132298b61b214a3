//! `metrics.csv`: one row per epoch.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::error::{Error, Result};
use crate::weights::write_atomically;

/// The columns, in order. A run without averaged weights leaves their columns empty.
pub const HEADER: &str = "epoch,step,lr,size,train_loss,val_loss,val_top1,val_top5,ema_loss,ema_top1,ema_top5,seconds";

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Steps taken since the run began.
    pub step: u64,
    /// Learning rate of the epoch's last step.
    pub lr: f64,
    /// Side in pixels of a training image.
    pub size: usize,
    /// Mean training loss of the epoch, label smoothing included.
    pub train_loss: f64,
    /// Mean validation loss.
    pub val_loss: f64,
    /// Top-1 accuracy on the validation images, in 0..=1.
    pub val_top1: f64,
    /// Top-5 accuracy on the validation images, in 0..=1.
    pub val_top5: f64,
    /// The averaged weights' loss and accuracies, where there are any.
    pub ema: Option<EmaMetrics>,
    /// Seconds of the epoch, validation included. No other column depends on when a run was resumed.
    pub seconds: f64,
}

/// Evaluation of the averaged weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmaMetrics {
    /// Mean validation loss.
    pub loss: f64,
    /// Top-1 accuracy on the validation images, in 0..=1.
    pub top1: f64,
    /// Top-5 accuracy on the validation images, in 0..=1.
    pub top5: f64,
}

impl Metrics {
    fn row(&self) -> String {
        let Self { epoch, step, lr, size, train_loss, val_loss, val_top1, val_top5, ema, seconds } = self;
        let ema =
            ema.map_or_else(|| ",,".to_owned(), |EmaMetrics { loss, top1, top5 }| format!("{loss},{top1},{top5}"));
        format!("{epoch},{step},{lr},{size},{train_loss},{val_loss},{val_top1},{val_top5},{ema},{seconds:.2}\n")
    }

    /// Non-empty cells of [`Self::row`], with their columns' names.
    #[cfg(feature = "report")]
    pub(super) fn cells(&self) -> Vec<(&'static str, f64)> {
        let row = self.row();
        let cells = HEADER.split(',').zip(row.trim_end().split(',')).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| (name, cell.parse().unwrap_or(f64::NAN))).collect()
    }
}

/// Top-1 accuracy on the validation images after the last epoch, in 0..=1; none before the first has ended.
///
/// # Errors
/// When the file cannot be read.
pub fn last_top1(path: &Path) -> Result<Option<f64>> {
    let text = std::fs::read_to_string(path).map_err(Error::folder("read", path))?;
    let column = HEADER.split(',').position(|column| column == "val_top1").unwrap_or_default();
    Ok(text.lines().skip(1).last().and_then(|row| row.split(',').nth(column)?.parse().ok()))
}

/// Rewrites the file with its rows up to and including epoch `epoch`: a run killed between a row and its checkpoint
/// takes that epoch again.
pub(super) fn begin(path: &Path, epoch: u64) -> Result<()> {
    let old =
        if path.exists() { std::fs::read_to_string(path).map_err(Error::folder("read", path))? } else { String::new() };
    let epoch_of = |row: &str| row.split(',').next().and_then(|cell| cell.parse::<u64>().ok());
    let kept = old.lines().skip(1).filter(|row| epoch_of(row).is_some_and(|of_row| of_row <= epoch));
    let text: String = std::iter::once(HEADER).chain(kept).flat_map(|line| [line, "\n"]).collect();
    write_atomically(path, |file| file.write_all(text.as_bytes())).map_err(Error::folder("write", path))
}

/// Appends a row.
pub(super) fn append(path: &Path, metrics: &Metrics) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(metrics.row().as_bytes())?;
        file.sync_data()
    };
    write().map_err(Error::folder("write", path))
}
