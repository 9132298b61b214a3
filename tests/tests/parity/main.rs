//! The networks against PyTorch: outputs, losses, gradients and running statistics of small models, which
//! `golden.py` (torchvision) and `golden_names.py` (timm, WZMIAOMIAO) in this folder computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

#[cfg(feature = "cuda")]
mod cuda;
mod fixture;
mod implementations;
mod levels;
mod mixed;
mod models;
mod same;
mod seed;
mod threads;
mod user_graph;
