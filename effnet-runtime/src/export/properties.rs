//! What a file says about itself besides the graph.

use serde_json::{Value, json};

use super::error::Result;
use super::message::StringStringEntryProto;
use super::options::Options;
use crate::weights::{self, Metadata};

/// The file's properties: for programs that know none of ours, one for each thing that is needed to prepare an image and
/// to name its class; and all of it, with the table, under our own key.
pub(super) fn properties(about: &Metadata, options: &Options) -> Result<Vec<StringStringEntryProto>> {
    let about = Metadata { training: None, ..about.clone() };
    let dialect = &about.dialect;
    let mut all = Vec::new();
    let mut add = |key: &str, value: Value| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        all.push(StringStringEntryProto { key: key.to_owned(), value });
    };
    if !about.labels.is_empty() {
        add("labels", json!(about.labels));
    }
    add("mean", json!(dialect.mean));
    add("std", json!(dialect.std));
    add("size", json!(options.size.unwrap_or(dialect.test_size)));
    add("crop", json!(dialect.crop));
    add("fit", json!(dialect.fit));
    add("interpolation", json!(dialect.interpolation));
    add("dialect", json!(dialect));
    let header = about.to_header().map_err(unserializable)?;
    header.into_iter().for_each(|(key, value)| add(&key, Value::String(value)));
    Ok(all)
}

fn unserializable(reason: serde_json::Error) -> weights::Error {
    candle_core::Error::msg(format!("the network's settings cannot be written: {reason}")).into()
}
