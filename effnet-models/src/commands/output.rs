//! Writes commands' output.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;

/// Writes lines to standard output. A closed pipe (`effnet summary | head`) is not an error: the reader has what it
/// wanted.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Writes one JSON value on a line of its own.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string(value).context("cannot put the result into JSON")?)
}
