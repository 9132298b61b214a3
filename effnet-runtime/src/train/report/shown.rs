//! The evaluation that a report shows in detail, kept in `best.json`.

use std::fs;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::worst::Thumbnail;
use crate::train::error::{Error, Result};
use crate::train::evaluate::Evaluation;
use crate::train::facts::Facts;
use crate::train::state::Best;
use crate::weights::write_atomically;

/// An epoch's evaluation, with the pictures of its worst mistakes.
pub(in crate::train) struct Shown {
    pub(in crate::train) epoch: u64,
    /// The best epoch so far; it may be another.
    pub(super) best: Best,
    pub(super) evaluation: Evaluation,
    /// Pictures of the evaluation's worst, one each.
    pub(super) thumbnails: Vec<Thumbnail>,
}

/// Contents of `best.json`.
#[derive(Serialize, Deserialize)]
struct Kept<E> {
    epoch: u64,
    evaluation: E,
}

impl Shown {
    /// Returns the best epoch's evaluation: this epoch's, which it writes to `best.json`, or the one already there.
    /// Without either, as in a run that began without reports, this epoch's stands in.
    ///
    /// # Errors
    /// When `best.json` cannot be written.
    pub(in crate::train) fn of_best(facts: &Facts, best: Best, evaluation: &Evaluation) -> Result<Self> {
        let (epoch, path) = (facts.state.epoch, facts.folder.best_evaluation());
        if best.epoch == epoch {
            let kept = Kept { epoch, evaluation };
            let text = serde_json::to_vec(&kept)
                .map_err(|error| Error::Setting(format!("the evaluation has no JSON form: {error}")))?;
            write_atomically(&path, |file| file.write_all(&text)).map_err(Error::folder("write", &path))?;
            return Ok(Self::new(facts, best, epoch, evaluation.clone()));
        }
        let kept = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Kept<Evaluation>>(&text).ok());
        Ok(match kept.filter(|kept| kept.epoch == best.epoch && kept.fits(facts)) {
            Some(kept) => Self::new(facts, best, best.epoch, kept.evaluation),
            None => Self::new(facts, best, epoch, evaluation.clone()),
        })
    }

    /// Whether `best.safetensors` belongs to this epoch.
    pub(super) fn is_best(&self) -> bool {
        self.epoch == self.best.epoch
    }

    fn new(facts: &Facts, best: Best, epoch: u64, evaluation: Evaluation) -> Self {
        let source = facts.split.val.as_ref();
        let thumbnails = evaluation.worst.iter().map(|worst| Thumbnail::of(source, worst.sample as usize)).collect();
        Self { epoch, best, evaluation, thumbnails }
    }
}

impl Kept<Evaluation> {
    /// Whether it fits this data set: each number names a class or a sample.
    fn fits(&self, facts: &Facts) -> bool {
        let (classes, samples) = (facts.split.val.classes().len(), facts.split.val.len() as u64);
        let is_class = |class: u32| (class as usize) < classes;
        let Evaluation { confusion, worst, classes: scores, .. } = &self.evaluation;
        scores.len() == classes
            && confusion.iter().all(|(truth, found, _)| is_class(truth) && is_class(found))
            && worst.iter().all(|worst| worst.sample < samples && is_class(worst.truth) && is_class(worst.found))
    }
}
