//! Search for a table: training-aware neural architecture search, as section 3 of *EfficientNetV2* (Tan & Le, 2021)
//! describes it.
//!
//! A space says which networks there are, as data. A sampler proposes them, one trial after the other, from the
//! [`Trial`]s before. What a trial comes to is its [`Outcome`]: accuracy after a short
//! training, the time of a training step beside a reference's, and parameters; a reward makes one number of them.

mod clock;
mod error;
mod reward;
mod sampler;
mod space;
mod trial;

pub use clock::{Clock, Pacer, Recorded, Stopwatch, Time, Turn, Turnstile};
pub use error::{Error, Result};
pub use reward::{PaperReward, Reward};
pub use sampler::{Allowed, Evolution, Halving, Next, Random, Rung, Sampler, winner};
pub use space::{ChoiceEffect, Effect, Gene, GeneKind, Limit, Limits, Refusal, Space, effects};
pub use trial::{End, Outcome, Proposal, Trial};
