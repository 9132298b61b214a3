//! The command line from outside, as a user meets it.

mod bad_data;
mod bad_weights;
mod bench;
mod evaluation;
#[cfg(feature = "report")]
mod report;
mod resume;
mod summary;
mod support;
mod usage;
