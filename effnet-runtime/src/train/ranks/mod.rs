//! One step, and one run, over several ranks.
//!
//! Each rank computes the gradients of its share of a batch. They are summed over the ranks while the way back goes on
//! ([`Buckets`]); then every rank takes the same step. What a rank cannot know by itself, such as how many images a step
//! has, the ranks tell each other.

mod agreement;
mod any;
mod blank;
mod buckets;
mod counts;
mod left_out;
mod over_gpus;
mod told;

pub(super) use agreement::{agree, agree_on_weights};
pub use agreement::{agree_on, images as hash_of_images};
pub(super) use any::any;
pub(super) use blank::blank;
pub(super) use buckets::Buckets;
pub(super) use counts::Counts;
pub(super) use left_out::{bad_files, names};
pub use over_gpus::over_gpus;
pub(super) use told::Told;
