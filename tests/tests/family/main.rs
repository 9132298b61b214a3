//! timm's models of this family: their tables have its parameters, names and multiply-accumulates (`generate.py` wrote
//! `models.json`), and a network of each kind has its logits (`logits.py` wrote `logits.safetensors`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod images;
mod logits;
mod models;
mod tables;
mod variants;
