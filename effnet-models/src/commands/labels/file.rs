//! Files of classes' names.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use effnet_runtime::cli::read_text;
use serde_json::Value;

/// Reads names of classes, in the order of their numbers.
pub(super) fn read(path: &Path) -> Result<Vec<String>> {
    let name = path.display();
    let text = read_text(path).with_context(|| format!("cannot read the labels {name}"))?;
    let labels = if text.trim_start().starts_with(['[', '{']) {
        let value = serde_json::from_str(&text).with_context(|| format!("the labels {name} are no JSON"))?;
        of_json(&value).ok_or_else(|| {
            anyhow!("the labels {name} are neither a list of names nor a dictionary of every class's number and name")
        })?
    } else {
        text.trim_end().lines().map(|line| line.trim().to_owned()).collect()
    };
    if let Some(at) = labels.iter().position(String::is_empty) {
        bail!("the labels {name} have no name for class {at}");
    }
    Ok(labels)
}

/// A list of names; or a dictionary of numbers to names, or to synsets and names, as Keras has it, or of names to
/// numbers, as torchvision's data sets have it.
fn of_json(value: &Value) -> Option<Vec<String>> {
    let name = |value: &Value| match value {
        Value::Array(names) => Some(names.last()?.as_str()?.to_owned()),
        name => name.as_str().map(str::to_owned),
    };
    let names = match value {
        Value::Array(names) => return names.iter().map(name).collect(),
        Value::Object(names) => names,
        _ => return None,
    };
    let by_number: Option<BTreeMap<usize, String>> = names
        .iter()
        .map(|(key, value)| match value.as_u64() {
            Some(number) => Some((usize::try_from(number).ok()?, key.clone())),
            None => Some((key.parse().ok()?, name(value)?)),
        })
        .collect();
    let by_number = by_number?;
    let is_whole = by_number.len() == names.len() && by_number.keys().copied().eq(0..by_number.len());
    is_whole.then(|| by_number.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_are_read_in_every_form() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels");
        for text in [
            "cat\ndog\n",
            "cat\r\ndog\r\n\r\n",
            r#"["cat", "dog"]"#,
            r#"{"1": "dog", "0": "cat"}"#,
            r#"{"0": ["n02121808", "cat"], "1": ["n02084071", "dog"]}"#,
            r#"{"dog": 1, "cat": 0}"#,
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read(&path).expect(text), ["cat", "dog"], "{text}");
        }
        for (text, says) in [
            ("cat\n\ndog", "no name for class 1"),
            ("[1, 2]", "neither a list"),
            (r#"{"0": "cat", "2": "dog"}"#, "neither a list"),
            (r#"{"cat": 0, "dog": 0}"#, "neither a list"),
            ("{", "are no JSON"),
        ] {
            std::fs::write(&path, text).expect("written");
            let error = read(&path).expect_err(text).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
