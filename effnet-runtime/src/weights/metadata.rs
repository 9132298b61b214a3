//! The metadata of our weights files.

use std::collections::HashMap;

use effnet_spec::Spec;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dialect::Dialect;
use crate::network::Network;

/// The only key in a file's metadata. safetensors keeps metadata in a hash map: with a second key, two files of one
/// state could differ in their bytes.
pub const KEY: &str = "effnet";

/// The highest version of the metadata that this crate reads. The field `format` stores a file's: 2 where its table has
/// words that version 1 did not know, such as a row's options, and else 1.
pub const FORMAT: u64 = 2;

/// Prefix of the tensors that only training needs (an optimizer's memory). Loading weights skips them.
pub const TRAINING_PREFIX: &str = "training.";

/// The field to read before all others.
#[derive(Deserialize)]
struct Version {
    format: u64,
}

/// A weights file's account of itself: all that prediction needs besides the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Name of the network: the variant's, the table file's or the type's.
    pub name: String,
    /// Table and settings.
    pub spec: Spec,
    /// The classes' names, in the order of the logits.
    pub labels: Vec<String>,
    /// The conventions of the weights.
    pub dialect: Dialect,
    /// The state of the training, in a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Value>,
}

impl Metadata {
    /// The metadata of a network's weights.
    pub fn of(network: &dyn Network, name: &str, labels: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            spec: network.spec().clone(),
            labels: labels.to_vec(),
            dialect: network.dialect().clone(),
            training: None,
        }
    }

    /// The metadata of a safetensors file: one [`KEY`], with JSON whose keys are sorted.
    ///
    /// # Errors
    /// When a number has no JSON form (a NaN among the settings).
    pub fn to_header(&self) -> serde_json::Result<HashMap<String, String>> {
        header(KEY, self, if self.spec.has_new_words() { FORMAT } else { 1 })
    }

    /// Reads it from a safetensors file's metadata; none in a file that is not ours.
    ///
    /// # Errors
    /// When a file of ours has metadata that cannot be read, or a higher [`FORMAT`].
    pub fn from_header(header: &HashMap<String, String>) -> serde_json::Result<Option<Self>> {
        from_header(KEY, header)
    }
}

/// What the file of a whole program's weights says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Program {
    /// The dialect that all its networks were built with; without one, each was built with its table's.
    pub dialect: Option<Dialect>,
}

impl Program {
    const KEY: &str = "effnet-program";

    /// As [`Metadata::to_header`].
    pub(super) fn to_header(&self) -> serde_json::Result<HashMap<String, String>> {
        header(Self::KEY, self, 1)
    }

    /// As [`Metadata::from_header`].
    pub(super) fn from_header(header: &HashMap<String, String>) -> serde_json::Result<Option<Self>> {
        from_header(Self::KEY, header)
    }
}

fn header(key: &str, account: &impl Serialize, format: u64) -> serde_json::Result<HashMap<String, String>> {
    let mut value = serde_json::to_value(account)?;
    value["format"] = format.into();
    // Whichever map `serde_json` is built with.
    value.sort_all_objects();
    Ok(HashMap::from([(key.to_owned(), value.to_string())]))
}

fn from_header<A: DeserializeOwned>(key: &str, header: &HashMap<String, String>) -> serde_json::Result<Option<A>> {
    let Some(json) = header.get(key) else { return Ok(None) };
    let Version { format } = serde_json::from_str(json)?;
    if format > FORMAT {
        return Err(serde_json::Error::custom(format!(
            "it has format {format}, and this version of effnet reads up to {FORMAT}; update effnet"
        )));
    }
    serde_json::from_str(json).map(Some)
}

#[cfg(test)]
mod tests {
    use effnet_spec::{Operator, Row, Settings};

    use super::*;

    fn example() -> Metadata {
        let settings = Settings { bn_eps: 1e-5, mean: vec![0.485, 0.456, 0.406].into(), ..Settings::DEFAULT };
        Metadata {
            name: "tiny".into(),
            dialect: Dialect::of(&settings),
            spec: Spec {
                name: "Tiny".into(),
                rows: vec![Row::new(2, 3, 1, 4, 8, 8, Operator::MbConv, 0.25)].into(),
                settings,
            },
            labels: vec!["cat".into(), "dog \"quoted\"".into()],
            training: Some(serde_json::json!({"step": 3, "epoch": 1, "nested": {"b": 1, "a": [0.1]}})),
        }
    }

    #[test]
    fn a_header_reads_back() {
        let metadata = example();
        let header = metadata.to_header().unwrap();
        assert_eq!(header.len(), 1);
        assert_eq!(Metadata::from_header(&header).unwrap(), Some(metadata));
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let header = example().to_header().unwrap();
        let json = &header[KEY];
        let at = |key: &str| json.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} is missing in {json}"));
        assert!(at("dialect") < at("labels") && at("labels") < at("name") && at("name") < at("spec"));
        assert!(json.contains(r#""training":{"epoch":1,"nested":{"a":[0.1],"b":1},"step":3}"#), "{json}");
    }

    #[test]
    fn weights_without_a_training_state_have_no_key_for_one() {
        let header = Metadata { training: None, ..example() }.to_header().unwrap();
        assert!(!header[KEY].contains("training"));
    }

    #[test]
    fn a_foreign_file_has_none_and_a_damaged_one_is_an_error() {
        assert_eq!(Metadata::from_header(&HashMap::from([("format".into(), "pt".into())])).unwrap(), None);
        assert!(Metadata::from_header(&HashMap::from([(KEY.into(), "{".into())])).is_err());
    }
}
