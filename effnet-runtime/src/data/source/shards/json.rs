//! The label in a sample's `.json`, which may hold much else.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
    let Top(labels) = serde_json::from_slice(text)?;
    let label = labels.into_iter().flatten().next().and_then(|Label(label)| label);
    Ok(label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()))
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

/// The values of each of [`KEYS`] in an object.
struct Top([Option<Label>; KEYS.len()]);

/// A text or number; nothing for any other value.
struct Label(Option<String>);

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut labels = [const { None }; KEYS.len()];
        while let Some(key) = map.next_key::<String>()? {
            match KEYS.iter().position(|known| *known == key) {
                Some(known) => labels[known] = Some(map.next_value()?),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Top(labels))
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(LabelVisitor)
    }
}

struct LabelVisitor;

impl<'de> Visitor<'de> for LabelVisitor {
    type Value = Label;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a label")
    }

    fn visit_str<E>(self, text: &str) -> Result<Label, E> {
        Ok(Label(Some(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Label, E> {
        Ok(Label(Some(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Label, E> {
        Ok(Label(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Label, E> {
        Ok(Label(Number::from_f64(number).map(|number| number.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Label, E> {
        Ok(Label(None))
    }

    fn visit_unit<E>(self) -> Result<Label, E> {
        Ok(Label(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Label, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Label(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Label, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Label(None))
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
