//! The layers of [`effnet_spec::plan`] with their parameters, over maps `[N, H, W, C]`.
//!
//! [`crate::typed`] wraps stem, blocks and head in types that carry their channel counts; [`crate::DynamicModel`] holds
//! them as they are.

mod block;
mod conv_bn_act;
mod drop_path;
mod dropout;
mod head;
mod network;
mod squeeze_excite;
mod stem;

pub(crate) use block::{Block, run};
pub(crate) use head::Head;
pub(crate) use network::{embeddings, logits};
pub(crate) use stem::Stem;
