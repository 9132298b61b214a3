//! Summaries of a network as text.

mod grid;
mod json;
mod overview;
mod torchsummary;

pub use grid::is_words;
pub use json::json;
pub use overview::{cells, markdown, settings, table, totals};
pub use torchsummary::torchsummary;
