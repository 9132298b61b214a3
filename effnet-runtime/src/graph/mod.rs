//! candle's graph, and the nodes that this crate records in it.
//!
//! A node has one input and any number of parameters. Gradients reach the parameters on one road:
//!
//! ```text
//! forward    x ────────────▶ node ──▶ y        An edge is a single zero. It carries nothing, and leads candle
//!            w ───▶ edge ──▶                   on its way back from the node to the parameter.
//!
//! backward   dx ◀─────────── node ◀── dy
//!                             │
//!                    Found: w ↦ dw, …          What the node has found, by the tensors that it is of.
//!                      │           │
//!            w is a variable,   else: the edge takes it, and candle
//!            and a step has     adds it to its store
//!            asked for all           │
//!                      │             │
//!                  Collected ────────┴──▶ Collected::take(w)
//! ```
//!
//! A step that asks for the gradients of all variables ([`Collected::of`]) has them from [`Collected::take`], whatever
//! operations its loss is made of. A loss that a user takes apart with candle's own `backward` has all of them in its store.

mod chain;
mod collected;
mod link;
mod node;
#[cfg(test)]
pub(crate) mod testing;

pub use crate::backend::part::{BatchMoments, ConvNormAct, Norm, Part, SqueezeExcite};
pub use crate::backend::window::{Kind, Window};
pub use chain::{Around, Sequence, chain};
pub(crate) use collected::Collected;
pub(crate) use node::record;
