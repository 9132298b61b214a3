//! Pauses between the steps of a training.

use super::turnstile::{Turn, Turnstile};
use crate::data::BadFile;
use crate::train::{EpochDone, Result, StepDone, Watcher};

/// A [`Watcher`] by which a training passes through a [`Turnstile`]: it waits between its steps, and between its batches
/// of evaluation, while somebody measures. It tells another watcher what it sees.
#[derive(Debug)]
pub struct Pacer<'a, W: ?Sized> {
    watcher: &'a mut W,
    turnstile: &'a Turnstile,
    turn: Result<Option<Turn>>,
}

impl<'a, W: Watcher + ?Sized> Pacer<'a, W> {
    /// A pacer with leave for the first step, for which it waits.
    ///
    /// # Errors
    /// The errors of [`Turnstile::together`].
    pub fn new(watcher: &'a mut W, turnstile: &'a Turnstile) -> Result<Self> {
        let turn = Ok(Some(turnstile.together()?));
        Ok(Self { watcher, turnstile, turn })
    }

    /// Ends the pauses.
    ///
    /// # Errors
    /// When the turnstile failed at some step: from then on the training did not wait, and whatever was measured
    /// meanwhile is wrong.
    pub fn finish(self) -> Result<()> {
        self.turn.map(|_| ())
    }

    fn pause(&mut self) {
        if let Ok(turn) = &mut self.turn {
            drop(turn.take());
            self.turn = self.turnstile.together().map(Some);
        }
    }
}

impl<W: Watcher + ?Sized> Watcher for Pacer<'_, W> {
    fn step(&mut self, step: &StepDone) {
        self.watcher.step(step);
        self.pause();
    }

    fn evaluated(&mut self, images: usize) {
        self.watcher.evaluated(images);
        self.pause();
    }

    fn epoch(&mut self, epoch: &EpochDone<'_>) {
        self.watcher.epoch(epoch);
        self.pause();
    }

    fn skipped(&mut self, files: &[BadFile]) {
        self.watcher.skipped(files);
    }

    fn alone(&mut self, images: &[String]) {
        self.watcher.alone(images);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::{scope, sleep};
    use std::time::Duration;

    use super::*;
    use crate::train::StepOutcome;

    const STEP: StepDone = StepDone {
        epoch: 1,
        epochs: 1,
        batch: 1,
        batches: 1,
        step: 1,
        left: 0.0,
        size: 32,
        rate: 0.1,
        outcome: StepOutcome { loss: 1.0, correct: 0, images: 1 },
    };

    struct Count<'a>(&'a AtomicUsize);

    impl Watcher for Count<'_> {
        fn step(&mut self, _: &StepDone) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn evaluated(&mut self, images: usize) {
            self.0.fetch_add(images, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_training_waits_while_somebody_measures() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::in_folder(folder.path());
        let count = AtomicUsize::new(0);
        scope(|scope| {
            scope.spawn(|| {
                let mut watcher = Count(&count);
                let mut pacer = Pacer::new(&mut watcher, &turnstile).unwrap();
                for _ in 0..200 {
                    pacer.step(&STEP);
                    pacer.evaluated(1);
                    sleep(Duration::from_millis(1));
                }
                pacer.finish().unwrap();
            });
            while count.load(Ordering::SeqCst) < 10 {
                sleep(Duration::from_millis(1));
            }
            let turn = turnstile.alone().unwrap();
            let before = count.load(Ordering::SeqCst);
            sleep(Duration::from_millis(30));
            assert_eq!(count.load(Ordering::SeqCst), before);
            assert!(before < 400, "the training ended before anybody measured");
            drop(turn);
        });
        assert_eq!(count.load(Ordering::SeqCst), 400);
    }

    #[test]
    fn a_turnstile_that_fails_is_told_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::in_folder(folder.path());
        let count = AtomicUsize::new(0);
        let mut watcher = Count(&count);
        let mut pacer = Pacer::new(&mut watcher, &turnstile).unwrap();
        folder.close().unwrap();
        pacer.step(&STEP);
        pacer.step(&STEP);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert!(pacer.finish().is_err());
    }
}
