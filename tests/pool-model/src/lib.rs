//! The source of effnet-kernels' pool with loom's types, and models of it. `scripts/proofs/pool-model` runs them.

#[path = "../../../effnet-kernels/src/buffer.rs"]
pub mod buffer;
#[path = "../../../effnet-kernels/src/environment.rs"]
pub mod environment;
#[cfg(test)]
mod model;
#[path = "../../../effnet-kernels/src/threads/mod.rs"]
pub mod threads;
