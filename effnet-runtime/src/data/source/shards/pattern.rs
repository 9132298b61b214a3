use crate::data::error::Error;

/// The most shards that a pattern may name.
const MAX_SHARDS: u64 = 100_000;

/// The names that a pattern such as `train-{0000..0012}.tar` stands for, with numbers padded as its first; none if it
/// is no pattern.
///
/// # Errors
/// If a range runs backwards or is too long.
pub(super) fn expand(pattern: &str) -> Result<Option<Vec<String>>, Error> {
    let Some((head, range, tail)) = range(pattern) else { return Ok(None) };
    let (first, last) = range;
    let width = if first.starts_with('0') { first.len() } else { 0 };
    let (Ok(from), Ok(to)) = (first.parse::<u64>(), last.parse::<u64>()) else { return Ok(None) };
    if from > to {
        return Err(Error::layout(pattern, format!("runs backwards, from {first} to {last}: turn the range round")));
    }
    if to - from >= MAX_SHARDS {
        return Err(Error::layout(pattern, format!("names more than {MAX_SHARDS} shards: narrow the range")));
    }
    let mut names = Vec::new();
    for number in from..=to {
        let name = format!("{head}{number:0width$}{tail}");
        match expand(&name)? {
            None => names.push(name),
            Some(more) => names.extend(more),
        }
        if names.len() as u64 > MAX_SHARDS {
            return Err(Error::layout(pattern, format!("names more than {MAX_SHARDS} shards: narrow the ranges")));
        }
    }
    Ok(Some(names))
}

/// The first `{from..to}` of a pattern, with the text before and after it.
fn range(pattern: &str) -> Option<(&str, (&str, &str), &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    pattern.match_indices('{').find_map(|(start, _)| {
        let (inner, tail) = pattern[start + 1..].split_once('}')?;
        let range = inner.split_once("..").filter(|(from, to)| is_number(from) && is_number(to))?;
        Some((&pattern[..start], range, tail))
    })
}
