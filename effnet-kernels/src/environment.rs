//! Reading environment variables.

/// A variable whose value means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is `{value}`: set it to {legal}, or unset it")]
pub struct BadVariable {
    name: &'static str,
    value: String,
    legal: String,
}

/// The value read, for a library that goes on without one that means nothing, and warns of it through `tracing`.
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
