//! The environment variables that say how to compute.
//!
//! A value that means nothing has no effect, and is reported through `tracing`, where a library needs the variable; a
//! program asks [`check`] before its work begins, as the commands do.

use crate::simd::{LEVEL_VARIABLE, Level};
use crate::threads::{MOST_THREADS, THREADS_VARIABLE};

/// A variable whose value means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is `{value}`: set it to {legal}, or unset it")]
pub struct BadVariable {
    name: &'static str,
    value: String,
    legal: String,
}

/// Whether every variable that is set has a value that means something.
///
/// # Errors
/// With the first that has none.
pub fn check() -> Result<(), BadVariable> {
    threads()?;
    level()?;
    Ok(())
}

/// How many threads [`THREADS_VARIABLE`] asks for.
pub fn threads() -> Result<Option<usize>, BadVariable> {
    let legal = || format!("a number of threads from 1 to {MOST_THREADS}");
    read(THREADS_VARIABLE, legal, |value| value.parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads)))
}

/// The level that [`LEVEL_VARIABLE`] names.
pub fn level() -> Result<Option<Level>, BadVariable> {
    let levels = Level::available();
    let legal = || {
        let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
        format!("a level that this machine has ({})", names.join(", "))
    };
    read(LEVEL_VARIABLE, legal, |value| levels.iter().copied().find(|level| level.name() == value))
}

/// What was read of a variable, for a library that goes on without it where its value means nothing.
pub fn or_warn<T>(read: Result<Option<T>, BadVariable>) -> Option<T> {
    read.unwrap_or_else(|bad| {
        tracing::warn!("{bad}");
        None
    })
}

/// The value of a variable as `parse` understands it; none where it is not set.
///
/// # Errors
/// When it is set to what `parse` does not understand.
pub fn read<T>(
    name: &'static str,
    legal: impl FnOnce() -> String,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, BadVariable> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    match value.to_str().and_then(parse) {
        Some(parsed) => Ok(Some(parsed)),
        None => Err(BadVariable { name, value: value.to_string_lossy().into_owned(), legal: legal() }),
    }
}
