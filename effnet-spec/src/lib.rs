//! EfficientNetV2 stage tables as plain data.
//!
//! A [`Spec`] is a stage table ([`Row`]s) with its [`Settings`]. This crate holds the only copy of what follows from
//! one: validation, compound scaling, unrolling into [`Block`]s, drop-path rates, and the counts of parameters, MACs
//! and activations. The proc macro, the run-time model and the command line all ask here, so they cannot disagree.
//!
//! Everything is `const`-constructible, and nothing is allocated unless asked for.

mod block;
mod row;
mod settings;
mod spec;

pub use block::Block;
pub use row::{Operator, Row};
pub use settings::{Activation, Padding, Settings};
pub use spec::Spec;
