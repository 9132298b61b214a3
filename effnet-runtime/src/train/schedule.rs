//! The learning rate, step by step.

use super::config::{Config, ScheduleConfig, ScheduleKind};
use super::stages::Stage;

/// Linear warm-up, then a decline to a share of the peak. All counts are in steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate, reached at the end of the warm-up.
    pub peak: f64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of the warm-up.
    pub warmup: u64,
    /// The lowest rate after the warm-up, as a share of the peak.
    pub floor: f64,
    /// Shape of the decline from the peak.
    pub kind: ScheduleKind,
    /// Factor per stair of an exponential decline.
    pub factor: f64,
    /// Length of its stairs in steps.
    pub every: f64,
}

impl Schedule {
    /// The schedule of the settings over the steps of `stages`, for `images` training images.
    pub fn of(config: &Config, stages: &[Stage], images: usize) -> Self {
        let steps: u64 = stages.iter().map(|stage| stage.epochs() * stage.steps(images)).sum();
        let steps_per_epoch = steps as f64 / config.epochs as f64;
        let schedule = &config.schedule;
        let warmup = match schedule.warmup_epochs {
            Some(epochs) => (epochs * steps_per_epoch) as u64,
            None => (schedule.warmup * steps as f64).round() as u64,
        };
        let peak = match config.optimizer.lr_batch {
            0 => config.optimizer.lr,
            batch => config.optimizer.lr * config.batch as f64 / batch as f64,
        };
        let ScheduleConfig { kind, floor, decay_factor: factor, decay_epochs, .. } = *schedule;
        Self { peak, steps, warmup, floor, kind, factor, every: decay_epochs * steps_per_epoch }
    }

    /// Learning rate of step `step`, counted from 0. The first step's is above 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let after = self.steps.saturating_sub(self.warmup).max(1);
        let progress = ((step - self.warmup) as f64 / after as f64).min(1.0);
        let above_floor = |share: f64| self.floor + (1.0 - self.floor) * share;
        let share = match self.kind {
            // Loshchilov & Hutter, *SGDR*, without restarts.
            ScheduleKind::Cosine => above_floor(0.5 * (1.0 + (std::f64::consts::PI * progress).cos())),
            ScheduleKind::Linear => above_floor(1.0 - progress),
            // TensorFlow's `ExponentialDecay(staircase=True)`, counted from the run's first step.
            ScheduleKind::Exponential => self.factor.powf((step as f64 / self.every.max(1.0)).floor()).max(self.floor),
            ScheduleKind::Constant => 1.0,
        };
        self.peak * share
    }

    /// Highest rate of any step: the peak, unless the run ends within its warm-up or a staircase has begun to fall by
    /// then.
    pub fn highest(&self) -> f64 {
        let last = self.steps.saturating_sub(1);
        let warm = self.rate(self.warmup.saturating_sub(1).min(last));
        warm.max(self.rate(self.warmup.min(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Schedule =
        Schedule { peak: 2.0, steps: 100, warmup: 10, floor: 0.1, kind: ScheduleKind::Cosine, factor: 0.5, every: 3.0 };

    const KINDS: [ScheduleKind; 4] =
        [ScheduleKind::Cosine, ScheduleKind::Linear, ScheduleKind::Constant, ScheduleKind::Exponential];

    #[test]
    fn it_rises_to_the_peak_and_falls_to_the_floor() {
        for kind in [ScheduleKind::Cosine, ScheduleKind::Linear] {
            let run = Schedule { kind, ..RUN };
            assert!((run.rate(0) - 0.2).abs() < 1e-12);
            assert_eq!(run.rate(9), 2.0);
            assert_eq!(run.rate(10), 2.0);
            // Half way down.
            assert!((run.rate(55) - 1.1).abs() < 1e-12);
            assert!(run.rate(99) > 0.2 && run.rate(99) < 0.23);
            assert!((run.rate(100) - 0.2).abs() < 1e-12);
            assert!((run.rate(10_000) - 0.2).abs() < 1e-12);
            assert!((1..100).all(|step| if step < 10 {
                run.rate(step) > run.rate(step - 1)
            } else {
                run.rate(step) <= run.rate(step - 1)
            }));
        }
    }

    /// `WarmupLearningRateSchedule` of automl's `utils.py` with its defaults, at 10 steps an epoch.
    #[test]
    fn the_staircase_is_automls() {
        let kind = ScheduleKind::Exponential;
        let run = Schedule { peak: 0.016, steps: 3500, warmup: 50, floor: 0.0, kind, factor: 0.97, every: 24.0 };
        assert!((run.rate(49) - 0.016).abs() < 1e-12);
        // Steps 50 to 71 are the staircase's third.
        assert!((run.rate(50) - 0.016 * 0.97 * 0.97).abs() < 1e-12);
        assert_eq!(run.rate(71), run.rate(50));
        assert!((run.rate(72) - 0.016 * 0.97f64.powi(3)).abs() < 1e-12);
        assert!((run.rate(3499) - 0.016 * 0.97f64.powi(145)).abs() < 1e-12);
        assert_eq!(Schedule { floor: 0.5, ..run }.rate(3499), 0.008);
    }

    #[test]
    fn a_constant_rate_stays() {
        let run = Schedule { kind: ScheduleKind::Constant, ..RUN };
        assert!((10..200).all(|step| run.rate(step) == 2.0));
    }

    #[test]
    fn the_highest_rate_is_one_that_a_step_has() {
        for kind in KINDS {
            for (steps, warmup) in [(100, 10), (10, 10), (10, 50), (10, 0), (1, 0), (1, 1), (11, 10)] {
                let run = Schedule { steps, warmup, kind, ..RUN };
                let highest = (0..steps).map(|step| run.rate(step)).fold(0.0, f64::max);
                assert_eq!(run.highest(), highest, "{kind:?} {steps} {warmup}");
            }
        }
        assert!((Schedule { steps: 2, warmup: 10, ..RUN }.highest() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn a_longer_run_has_the_same_shape() {
        let twice = Schedule { steps: 200, warmup: 20, ..RUN };
        for step in 10..100 {
            assert!((twice.rate(2 * step) - RUN.rate(step)).abs() < 1e-12);
        }
    }

    #[test]
    fn runs_without_warmup_or_with_nothing_else_are_finite() {
        assert_eq!(Schedule { warmup: 0, ..RUN }.rate(0), 2.0);
        assert_eq!(Schedule { steps: 1, warmup: 0, ..RUN }.rate(0), 2.0);
        assert_eq!(Schedule { steps: 5, warmup: 5, ..RUN }.rate(4), 2.0);
        for kind in KINDS {
            assert!(Schedule { steps: 0, warmup: 0, kind, every: 0.0, ..RUN }.rate(3).is_finite());
        }
    }
}
