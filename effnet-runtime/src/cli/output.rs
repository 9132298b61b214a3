//! Printing to standard output and standard error.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;

use crate::sentence::sentence;
use crate::text::shell;
use crate::weights;

/// Prints a line. A closed pipe (`train | head`) does not stop a run.
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line on standard error; ignores a closed one, where `eprintln!` panics.
pub fn warn(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints an error and its causes, joined by colons, on standard error; ignores a closed standard error.
pub fn error(error: &(dyn Error + 'static)) {
    warn(format_args!("error: {}", error_text(error)));
}

/// An error and its causes as one sentence, joined by colons, without backtraces. Where the library asks for what a flag
/// says, it names the flag.
pub fn error_text(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source()).map(cause_text).collect::<Vec<_>>().join(": ")
}

fn cause_text(error: &(dyn Error + 'static)) -> String {
    let text = error.downcast_ref().map_or_else(|| error.to_string(), sentence);
    match error.downcast_ref() {
        Some(weights::Error::DialectUnsaid { .. }) => format!("{text} (`--dialect NAME`)"),
        _ => text,
    }
}

/// The program's name, quoted for a shell.
pub(super) fn program() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    shell(std::path::Path::new(&program).file_name().unwrap_or("train".as_ref()).as_ref())
}
