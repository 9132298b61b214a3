//! `effnet summary`: what is in this network, and what does it cost?

use anyhow::Result;
use clap::{Args, ValueEnum};
use effnet_runtime::spec::{Size, report};

use super::architecture::Architecture;
use super::output;

/// Prints a network's architecture, parameters and costs
#[derive(Args, Debug)]
pub(super) struct Summary {
    #[command(flatten)]
    architecture: Architecture,
    /// Side of an image in pixels [default: the table's evaluation size]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16384))]
    size: Option<u32>,
    /// Classes of the classifier
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    classes: u32,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print one JSON object, as --format json does
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A row for each stage
    Table,
    /// A row for each layer, as Python's torchsummary prints them
    Torchsummary,
    /// One JSON object
    Json,
    /// A table for a document
    Markdown,
}

impl Summary {
    pub(super) fn run(self) -> Result<()> {
        let spec = self.architecture.design()?.spec;
        let size = Size::square(self.size.map_or(spec.settings.default_size(), |size| size as usize));
        let write = match self.format {
            _ if self.json => report::json,
            Format::Table => report::table,
            Format::Torchsummary => report::torchsummary,
            Format::Json => report::json,
            Format::Markdown => report::markdown,
        };
        output::print(&write(&spec, size, self.classes as usize))
    }
}
