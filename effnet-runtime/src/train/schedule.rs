//! The learning rate, step by step.

/// Linear warm-up, then half a cosine down to a share of the peak (Loshchilov & Hutter, *SGDR*, without restarts). All
/// in steps, so that a run of any length has the same shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate, reached at the end of the warm-up.
    pub peak: f64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of the warm-up.
    pub warmup: u64,
    /// The rate at the end, as a share of the peak.
    pub floor: f64,
}

impl Schedule {
    /// The rate of step `step`, from 0. The first step's is above 0, and the last step's above the floor.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let after = self.steps.saturating_sub(self.warmup).max(1);
        let progress = ((step - self.warmup) as f64 / after as f64).min(1.0);
        let share = self.floor + (1.0 - self.floor) * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        self.peak * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Schedule = Schedule { peak: 2.0, steps: 100, warmup: 10, floor: 0.1 };

    #[test]
    fn it_rises_to_the_peak_and_falls_to_the_floor() {
        assert!((RUN.rate(0) - 0.2).abs() < 1e-12);
        assert_eq!(RUN.rate(9), 2.0);
        assert_eq!(RUN.rate(10), 2.0);
        // Half way down.
        assert!((RUN.rate(55) - 1.1).abs() < 1e-12);
        assert!(RUN.rate(99) > 0.2 && RUN.rate(99) < 0.21);
        assert!((RUN.rate(100) - 0.2).abs() < 1e-12);
        assert!((RUN.rate(10_000) - 0.2).abs() < 1e-12);
        assert!((1..100).all(|step| if step < 10 {
            RUN.rate(step) > RUN.rate(step - 1)
        } else {
            RUN.rate(step) <= RUN.rate(step - 1)
        }));
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
        assert!(Schedule { steps: 0, warmup: 0, ..RUN }.rate(3).is_finite());
    }
}
