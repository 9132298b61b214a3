//! The label in a sample's `.json`, which may hold much else.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Number;

/// The keys of a label. An earlier one wins.
const KEYS: [&str; 3] = ["label", "cls", "class"];

/// The label in a `.json`, if there is one. Skips everything else and never keeps it.
///
/// # Errors
/// If it is no JSON. `NaN`, `Infinity` and `-Infinity`, which Python writes, count as no label.
pub(super) fn label(text: &mut [u8]) -> Result<Option<String>, serde_json::Error> {
    blank_no_numbers(text);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return serde_json::from_slice::<IgnoredAny>(text).map(|_| None);
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let labels = json.deserialize_map(Values)?;
    json.end()?;
    Ok(match labels.into_iter().flatten().next() {
        Some(Label::Text(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(Label::Number(number)) => Some(number.to_string()),
        Some(Label::Other(_)) | None => None,
    })
}

/// Replaces `NaN`, `Infinity` and `-Infinity` outside strings by empty strings, which are no labels.
fn blank_no_numbers(text: &mut [u8]) {
    let (mut at, mut in_string) = (0, false);
    while at < text.len() {
        let word = match text[at] {
            b'"' => {
                in_string = !in_string;
                1
            }
            b'\\' if in_string => 2,
            b'N' | b'I' | b'-' if !in_string => {
                let words: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
                match words.iter().find(|word| text[at..].starts_with(word)) {
                    Some(word) => {
                        text[at..at + word.len()].fill(b' ');
                        text[at..at + 2].fill(b'"');
                        word.len()
                    }
                    None => 1,
                }
            }
            _ => 1,
        };
        at += word;
    }
}

/// The value of a key.
#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Text(String),
    Number(Number),
    Other(IgnoredAny),
}

/// Finds the value of each of [`KEYS`] in an object.
struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = [Option<Label>; KEYS.len()];

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut labels = [const { None }; KEYS.len()];
        while let Some(key) = map.next_key::<String>()? {
            match KEYS.iter().position(|known| *known == key) {
                Some(known) => labels[known] = Some(map.next_value()?),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_label_is_found_in_whatever_python_writes() {
        let label = |json: &str| super::label(&mut json.as_bytes().to_vec()).map_err(|error| error.to_string());
        let cases: [(&str, Option<&str>); 18] = [
            (r#"{"label": 3}"#, Some("3")),
            (r#" {"label": " cat "}"#, Some("cat")),
            (r#"{"label": 0, "score": NaN}"#, Some("0")),
            (r#"{"score": [-Infinity, Infinity, {"x": NaN}], "label": -1}"#, Some("-1")),
            (r#"{"caption": "NaN \" Infinity", "label": "-Infinity NaN"}"#, Some("-Infinity NaN")),
            (r#"{"caption": "\\", "a": NaN, "label": "b\"NaN"}"#, Some("b\"NaN")),
            (r#"{"label": NaN}"#, None),
            (r#"{"label": -Infinity, "cls": 1}"#, None),
            (r#"{"class": "a", "cls": "b"}"#, Some("b")),
            (r#"{"cls": 1, "label": 2, "label": 3}"#, Some("3")),
            (r#"{"label": null, "cls": 1}"#, None),
            (r#"{"label": ["a", {"b": 1}]}"#, None),
            (r#"{"label": {"id": 1}, "x": true}"#, None),
            (r#"{"label": 1.5}"#, Some("1.5")),
            (r#"{"label": ""}"#, None),
            (r#"{"x": {"label": 1}}"#, None),
            (r#"[{"label": 1}]"#, None),
            ("NaN", None),
        ];
        for (json, expected) in cases {
            assert_eq!(label(json), Ok(expected.map(str::to_owned)), "{json}");
        }
        for broken in ["", "{", r#"{"label": 1} x"#, r#"{"label": Nan}"#, r#"{"label": "1}"#, "{\"a\": \"\\"] {
            assert!(label(broken).is_err(), "{broken}");
        }
    }
}
