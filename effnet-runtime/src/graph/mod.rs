//! candle's graph, and the nodes that this crate records in it.
//!
//! A node has one input and any number of parameters. An edge joins a parameter to it: a single zero that carries
//! nothing, and is there for candle to walk back along. Gradients reach the parameters on one road:
//!
//! ```text
//! forward     x ───────────▶ node ──▶ y
//!             w ───▶ edge ──▶
//!
//! backward   dx ◀─────────── node ◀── dy
//!                              │
//!                       Found: w ↦ dw, …     the gradients that the node finds, by the ids of its parameters
//!                        │           │
//!      w is a variable, and          any other w: its edge takes dw,
//!      a step asks for all           and candle adds it to its store
//!                        │           │
//!                    Collected ──────┴──▶ Collected::take(w) ──▶ optimizer
//! ```
//!
//! A step that asks for the gradients of all variables ([`Collected::of`]) has them from [`Collected::take`], whatever
//! operations its loss is made of; one that sums them over ranks takes each as soon as it is whole
//! ([`Collected::flowing`]). A caller of candle's own `backward` has all of them in its store.

mod chain;
mod collected;
mod link;
mod node;
#[cfg(test)]
pub(crate) mod testing;

pub use crate::backend::layer::{BatchMoments, ConvNormAct, Layer, Norm, SqueezeExcite};
pub use crate::backend::window::{Kind, Window};
pub use chain::{Sequence, Shortcut, chain};
pub use collected::Collected;
pub(crate) use node::record;
