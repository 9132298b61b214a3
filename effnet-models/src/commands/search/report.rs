//! The report of a search.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use effnet_runtime::search::report;

use super::show::Of;
use crate::commands::output;

/// Writes the report of a search, which may be under way: search.html in its folder
#[derive(Args, Debug)]
pub(super) struct Report {
    #[command(flatten)]
    of: Of,
}

impl Report {
    pub(super) fn run(self) -> Result<ExitCode> {
        let folder = self.of.folder()?;
        report::write(&folder)?;
        output::print(&folder.report().display().to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}
