//! Search for a table: training-aware neural architecture search, as section 3 of *EfficientNetV2* (Tan & Le, 2021)
//! describes it.
//!
//! A [`Space`] says which networks there are, as data. A [`Sampler`] proposes them, one trial after the other, from the
//! [`Trial`]s before. An [`Evaluator`], such as [`Training`], finds out what a network comes to, its [`Outcome`]: accuracy
//! after a short training, the time of a training step beside a reference's, parameters. A [`Reward`] makes one number of
//! them. [`Search`] runs trials until the sampler has no more, and writes each into a [`Ledger`], which several processes
//! may share.

mod clock;
mod error;
mod evaluator;
mod folder;
mod ledger;
#[cfg(feature = "report")]
pub mod report;
mod reward;
mod run;
mod sampler;
mod settings;
mod source;
mod space;
mod training;
mod trial;

pub use clock::{Clock, Pacer, Recorded, Stopwatch, Time, Turn, Turnstile};
pub use error::{Error, Result};
pub use evaluator::{Evaluator, Job, Verdict};
pub use folder::SearchFolder;
pub use ledger::Ledger;
pub use reward::{PaperReward, Reward};
pub use run::{Ended, Search, SearchWatcher, trial_name};
pub use sampler::{Allowed, Evolution, Halving, Next, Random, Rung, Sampler, winner};
pub use settings::{Measure, SamplerKind, Settings};
pub use source::macro_source;
pub use space::{ChoiceEffect, Effect, Gene, GeneKind, Limit, Limits, Refusal, Space, effects};
pub use training::Training;
pub use trial::{End, Outcome, Proposal, Trial};
