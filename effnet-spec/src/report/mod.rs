//! Summaries of a network as text.

mod grid;
mod json;
mod overview;
mod torchsummary;

pub use json::json;
pub use overview::{markdown, table};
pub use torchsummary::torchsummary;
