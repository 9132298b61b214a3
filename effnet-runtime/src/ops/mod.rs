//! Operations that stand by themselves: the head's, the loss, and changes of parameters.
//!
//! Each checks its operands, calls the backend of their device, and records a node where it has a backward pass. What
//! blocks are made of are layers of chains, in [`crate::graph`].

pub(crate) mod channels_last;
#[cfg(test)]
pub(crate) mod check;
pub mod cross_entropy;
mod global_mean;
mod linear;
pub(crate) mod running;
#[cfg(feature = "train")]
pub(crate) mod update;

pub use global_mean::global_mean;
pub use linear::linear;
