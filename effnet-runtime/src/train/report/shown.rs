//! The evaluation that a report shows in detail, kept in `best.json`.

use std::fs;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::worst::Thumbnail;
use crate::train::error::{Error, Result};
use crate::train::evaluate::{Evaluation, Misclassified};
use crate::train::facts::Facts;
use crate::weights::write_atomically;

/// An epoch's evaluation, with the pictures of its worst mistakes. `best.json` has the epoch and the evaluation.
#[derive(Serialize, Deserialize)]
pub(in crate::train) struct Shown {
    pub(in crate::train) epoch: u64,
    pub(super) evaluation: Evaluation,
    /// Pictures of the evaluation's worst, one each.
    #[serde(skip)]
    pub(super) thumbnails: Vec<Thumbnail>,
}

impl Shown {
    /// Returns the best epoch's evaluation: this epoch's, which it writes to `best.json`, or the one already there.
    /// Without either, as in a run that began without reports, this epoch's stands in.
    ///
    /// # Errors
    /// When `best.json` cannot be written.
    pub(in crate::train) fn of_best(facts: &Facts, best: u64, evaluation: &Evaluation) -> Result<Self> {
        let path = facts.folder.best_evaluation();
        let latest = || Self { epoch: facts.state.epoch, evaluation: evaluation.clone(), thumbnails: Vec::new() };
        let shown = if best == facts.state.epoch {
            let text = serde_json::to_vec(&latest())
                .map_err(|error| Error::Setting(format!("the evaluation has no JSON form: {error}")))?;
            write_atomically(&path, |file| file.write_all(&text)).map_err(Error::folder("write", &path))?;
            latest()
        } else {
            let kept = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
            kept.filter(|kept| kept.epoch == best && kept.fits(facts)).unwrap_or_else(latest)
        };
        let picture = |worst: &Misclassified| Thumbnail::of(facts.split.val.as_ref(), worst.sample as usize);
        let thumbnails = shown.evaluation.worst.iter().map(picture).collect();
        Ok(Self { thumbnails, ..shown })
    }

    /// Whether the evaluation fits this data set: each number names a class or a sample.
    fn fits(&self, facts: &Facts) -> bool {
        let (classes, samples) = (facts.split.val.classes().len(), facts.split.val.len() as u64);
        let is_class = |class: u32| (class as usize) < classes;
        let Evaluation { confusion, worst, classes: scores, .. } = &self.evaluation;
        scores.len() == classes
            && confusion.iter().all(|(truth, found, _)| is_class(truth) && is_class(found))
            && worst.iter().all(|worst| worst.sample < samples && is_class(worst.truth) && is_class(worst.found))
    }
}
