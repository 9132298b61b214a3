//! The command line from outside, as a user meets it.

mod bad_data;
mod bad_weights;
mod batches;
mod bench;
mod convert;
mod damaged;
mod data_kinds;
mod evaluation;
mod export;
mod kills;
mod machine;
mod numbers;
mod predict;
mod ranks;
#[cfg(feature = "report")]
mod report;
mod resume;
mod schedule;
mod search;
mod sources;
mod summary;
mod support;
mod usage;
