//! The fields of a JSON object, by name and kind.

use std::path::Path;

use serde_json::{Map, Value};

use crate::weights::error::{Error, Result};

/// An object of the file at `path`. A field that is null is none.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) path: &'a Path,
    pub(super) object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The error about a field, as the rest of a sentence that begins with the file.
    pub(super) fn wrong(&self, key: &str, what: &str) -> Error {
        let value = self.get(key).map(Value::to_string).unwrap_or_default();
        let shown: String = value.chars().take(80).collect();
        Error::TimmConfig { path: self.path.to_path_buf(), reason: format!("says `\"{key}\": {shown}`: {what}") }
    }

    fn read<T>(&self, key: &str, what: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| self.wrong(key, what))
    }

    pub(super) fn object(&self, key: &str) -> Result<Option<Self>> {
        let path = self.path;
        self.read(key, "it must be an object", |value| Some(Self { path, object: value.as_object()? }))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, "it must be text", Value::as_str)
    }

    pub(super) fn whole(&self, key: &str) -> Result<Option<usize>> {
        self.read(key, "it must be a whole number", |value| usize::try_from(value.as_u64()?).ok())
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<f64>> {
        self.read(key, "it must be a number", Value::as_f64)
    }

    /// Numbers of channels; one where all are equal.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>> {
        self.read(key, "it must be a list of numbers", |value| {
            let numbers = value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?;
            let first = *numbers.first()?;
            Some(if numbers.iter().all(|number| *number == first) { vec![first] } else { numbers })
        })
    }

    /// Channels, height and width of an image.
    pub(super) fn size(&self, key: &str) -> Result<Option<[usize; 3]>> {
        self.read(key, "it must be a list of channels, height and width", |value| {
            let sides: Vec<usize> =
                value.as_array()?.iter().map(|side| usize::try_from(side.as_u64()?).ok()).collect::<Option<_>>()?;
            sides.try_into().ok()
        })
    }
}
