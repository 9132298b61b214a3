//! Measuring how long a network takes on this machine.

use std::time::{Duration, Instant};

use effnet_spec::Spec;

use super::interval::{interval, median};
use super::subject::Subject;
use super::turnstile::Turnstile;
use super::{Clock, Time};
use crate::train::{Config, Result};

/// Steps of each network before the first that counts: they fault memory in, and wake threads up.
const WARM: u32 = 2;

/// The least time of a round, as several steps of each network where two are shorter: longer than a scheduler lets a thread
/// wait for another process, so that some of them run undisturbed.
const ROUND: Duration = Duration::from_millis(100);

/// The fewest rounds.
const FEWEST: usize = 7;

/// The most rounds.
const MOST: usize = 60;

/// How far the interval of the ratio may reach from it, as a share of it, for the measurement to be done.
const NEAR: f64 = 0.04;

/// The time after which a measurement of at least [`FEWEST`] rounds ends in any case: others wait for it.
const BUDGET: Duration = Duration::from_secs(20);

/// A clock that measures: step by step, the network takes turns with a reference network, warm and alone at the
/// [`Turnstile`]. Each round of some steps gives the ratio of the two fastest, and the time is the median ratio.
///
/// What slows the machine down for longer than a round slows both networks down, and leaves the ratio as it is; what stops
/// a step now and then makes it none of the fastest. Rounds go on until an interval that holds the true median in 90 % of
/// cases lies within 4 % of it, at least 7 and at most 60, or for 20 seconds.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    reference: Spec,
    config: Config,
    classes: usize,
    prepare: fn(&Spec, &Config, usize) -> Result<Subject>,
    turnstile: Turnstile,
    budget: Duration,
}

impl Stopwatch {
    /// A clock of steps of training by these settings, at their image size, on random images.
    ///
    /// # Errors
    /// When the machine's turnstile cannot be reached.
    pub fn training(reference: Spec, config: &Config, classes: usize) -> Result<Self> {
        Self::new(reference, config, classes, Subject::training)
    }

    /// A clock of inference of one image of the settings' evaluation size: by the engine, or on a GPU by the network.
    ///
    /// # Errors
    /// When the machine's turnstile cannot be reached.
    pub fn inference(reference: Spec, config: &Config, classes: usize) -> Result<Self> {
        Self::new(reference, config, classes, Subject::inference)
    }

    fn new(
        reference: Spec,
        config: &Config,
        classes: usize,
        prepare: fn(&Spec, &Config, usize) -> Result<Subject>,
    ) -> Result<Self> {
        Ok(Self {
            reference,
            config: config.clone(),
            classes,
            prepare,
            turnstile: Turnstile::of_machine()?,
            budget: BUDGET,
        })
    }
}

impl Clock for Stopwatch {
    fn time(&mut self, spec: &Spec, stop: &dyn Fn() -> bool) -> Result<Option<Time>> {
        let prepare = |spec| (self.prepare)(spec, &self.config, self.classes);
        let mut subjects = [prepare(spec)?, prepare(&self.reference)?];
        let _turn = self.turnstile.alone()?;
        compare(|side| Ok(subjects[side].step()?.as_secs_f64()), self.budget, stop)
    }
}

/// Compares the two sides by their steps: `step` takes one of side 0 or 1, and returns its seconds.
fn compare(
    mut step: impl FnMut(usize) -> Result<f64>,
    budget: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Time>> {
    // The side that ends a pair of steps begins the next, so that neither always comes first.
    let mut pairs = 0;
    let mut fastest = |count: u32| -> Result<Option<[f64; 2]>> {
        let mut fastest = [f64::INFINITY; 2];
        for _ in 0..count {
            for side in [pairs % 2, 1 - pairs % 2] {
                if stop() {
                    return Ok(None);
                }
                fastest[side] = fastest[side].min(step(side)?);
            }
            pairs += 1;
        }
        Ok(Some(fastest))
    };
    let Some(warm) = fastest(WARM)? else { return Ok(None) };
    let count = (ROUND.as_secs_f64() / (warm[0] + warm[1])).ceil().clamp(1.0, 1e4) as u32;
    let begun = Instant::now();
    let (mut ratios, mut steps) = (Vec::new(), Vec::new());
    while ratios.len() < MOST && (ratios.len() < FEWEST || begun.elapsed() < budget && !is_near(&ratios)) {
        let Some([of_network, of_reference]) = fastest(count)? else { return Ok(None) };
        for (values, value) in [(&mut ratios, of_network / of_reference), (&mut steps, of_network)] {
            values.push(value);
            values.sort_by(f64::total_cmp);
        }
    }
    Ok(Some(Time { ratio: median(&ratios), milliseconds: Some(1e3 * median(&steps)) }))
}

/// Whether the interval of the median of these ratios, in ascending order, is as small as it must be.
fn is_near(ratios: &[f64]) -> bool {
    let middle = median(ratios);
    interval(ratios).is_some_and(|(low, high)| low >= middle * (1.0 - NEAR) && high <= middle * (1.0 + NEAR))
}

#[cfg(test)]
mod tests;
