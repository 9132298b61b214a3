//! How long a network takes: what a search weighs against its accuracy.
//!
//! A [`Stopwatch`] measures on this machine, in turns with a reference network and alone at the [`Turnstile`], where the
//! machine's other searches wait between their steps ([`Pacer`]). A [`Recorded`] clock knows the times already.

mod interval;
mod pacer;
mod recorded;
mod stopwatch;
mod subject;
mod turnstile;

use effnet_spec::Spec;
use serde::{Deserialize, Serialize};

pub use pacer::Pacer;
pub use recorded::Recorded;
pub use stopwatch::Stopwatch;
pub use turnstile::{Turn, Turnstile};

use crate::train::Result;

/// How long a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// In times of the reference network.
    pub ratio: f64,
    /// In milliseconds, where it was measured: for people, as it changes with the machine's load.
    pub milliseconds: Option<f64>,
}

/// Says how long networks take.
pub trait Clock {
    /// The time of a network. None if `stop`, called now and then, has returned true.
    ///
    /// # Errors
    /// When the network cannot be built or run, or its time is not known.
    fn time(&mut self, spec: &Spec, stop: &dyn Fn() -> bool) -> Result<Option<Time>>;
}
