//! Weight files: our own, and those of other implementations.

mod metadata;

pub use metadata::{KEY, Metadata, TRAINING_PREFIX};
