//! Weights files: every way in which one may not fit, and what it says then.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod fitting;
mod foreign;
mod models;
mod names;
mod own;
mod real;
mod round_trips;
mod torch;
