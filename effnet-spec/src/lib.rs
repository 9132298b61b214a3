//! EfficientNetV2 stage tables as plain data.
//!
//! A [`Spec`] is a stage table ([`Row`]s) with its [`Settings`]. This crate holds the only copy of what follows from
//! one: validation with every [`Mistake`], compound scaling, unrolling into [`Block`]s, drop-path rates, and the counts
//! of parameters, MACs and activations. The proc macro, the run-time model and the command line all ask here, so they
//! cannot disagree.
//!
//! Everything is `const`-constructible, and nothing is allocated unless asked for.

mod block_string;
mod budget;
mod cost;
mod count;
mod delimiter;
pub mod grammar;
mod memory;
mod mistake;
mod module;
#[doc(hidden)]
pub mod named;
mod network;
mod place;
pub mod plan;
pub mod report;
mod rounding;
mod row;
mod scale;
#[cfg(feature = "serde")]
mod serde;
mod settings;
mod size;
mod spec;
mod suggest;
mod table_text;
mod text;
mod validate;

pub use budget::Budget;
pub use cost::{Cost, Costs};
pub use mistake::{CostPart, Error, Item, Mistake, Name};
pub use module::Module;
pub use place::{Column, Key, Limit, Place, RowOption};
pub use plan::{Block, Operator};
pub use row::{Expansion, MAX_BLOCKS, Row, Squeeze};
pub use scale::{DepthRounding, Scale, Scaling};
pub use settings::{Activation, DEFAULT_SIZE, Gate, HeadKind, Padding, SeOf, Settings};
pub use size::Size;
pub use spec::Spec;
pub use suggest::{expected, listed, suggest};
#[doc(hidden)]
pub use text::thousands;
