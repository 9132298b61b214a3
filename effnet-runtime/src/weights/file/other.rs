//! Identifies a file that holds no weights, or none in a supported format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::weights::mismatch::list;

/// Number of bytes at the beginning that identify a file.
const START: u64 = 512;

/// The longest JSON file to parse: the largest models' indices take a few hundred kilobytes.
const MAX_JSON: u64 = 8 << 20;

const UNKNOWN: &str = "it is neither a safetensors file nor a checkpoint of PyTorch, Keras or TensorFlow";

/// Offset, signature and the sentence about the file, or its format's name.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "it is a Git LFS pointer, which says where the weights are and has none: run `git lfs pull` in its repository",
    ),
    #[cfg(not(feature = "formats"))]
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "it is HDF5, as Keras writes it, which effnet reads only if it was built with the feature `formats`",
    ),
    (0, b"GGUF", "GGUF"),
    (4, b"TFL3", "TensorFlow Lite"),
    // Protocol buffers have no signature: these bytes are a version number in front, and the start of the next field.
    (0, b"\x08\x01\x12", "TensorFlow's SavedModel"),
    (0, b"\x08\x07\x12", "ONNX"),
    (0, b"\x08\x08\x12", "ONNX"),
    (0, b"\x08\x09\x12", "ONNX"),
    (0, b"\x08\x0a\x12", "ONNX"),
    (0, b"\x93NUMPY", "NumPy's .npy"),
    (0, b"\x1f\x8b", "it is compressed: unpack it with gunzip or tar"),
    (0, b"BZh", "it is compressed: unpack it with bunzip2 or tar"),
    (0, b"\xfd7zXZ\0", "it is compressed: unpack it with unxz or tar"),
    (257, b"ustar", "it is a tar archive: unpack it"),
];

/// Extensions of formats that have no signature.
const NAMES: [(&str, &str); 4] = [
    (".onnx", "ONNX"),
    (".pb", "TensorFlow's SavedModel"),
    #[cfg(feature = "formats")]
    (".index", "it is called like the index of a TensorFlow checkpoint, and ends like none"),
    #[cfg(feature = "formats")]
    (".data-00000-of-00001", "it is a TensorFlow checkpoint without its index, which is a file of its own (`.index`)"),
    #[cfg(not(feature = "formats"))]
    (".index", "it is a TensorFlow checkpoint, which effnet reads only if it was built with the feature `formats`"),
    #[cfg(not(feature = "formats"))]
    (
        ".data-00000-of-00001",
        "it is a TensorFlow checkpoint, which effnet reads only if it was built with the feature `formats`",
    ),
];

/// Says what a file is that is neither a zip archive nor begins like a safetensors file.
pub(super) fn file(file: &mut File, path: &Path) -> Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    file.by_ref().take(START).read_to_end(&mut start)?;
    for (at, magic, what) in MAGIC {
        if start.get(*at..).is_some_and(|rest| rest.starts_with(magic)) {
            return Ok(described(what));
        }
    }
    if let [0x80, 2..=5, ..] = start[..] {
        return Ok("it is a pickle, but not one that `torch.save` writes; save the state dict with \
                   `torch.save(model.state_dict(), path)`"
            .to_owned());
    }
    let text = String::from_utf8_lossy(&start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let beginning: String = text.chars().take(14).collect::<String>().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| beginning.starts_with(tag)) {
        return Ok(
            "it is a web page, such as a server sends in place of a file when it wants a login or a confirmation: \
                   fetch the file itself"
                .to_owned(),
        );
    }
    if text.starts_with('{') {
        file.seek(SeekFrom::Start(0))?;
        let mut json = Vec::new();
        file.by_ref().take(MAX_JSON).read_to_end(&mut json)?;
        return Ok(of_json(json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&json)));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let named = NAMES.iter().find(|(end, _)| name.ends_with(end));
    Ok(named.map_or_else(|| UNKNOWN.to_owned(), |(_, what)| described(what)))
}

/// A sentence from a format's name, or the sentence itself.
fn described(what: &str) -> String {
    if what.starts_with("it is ") {
        return what.to_owned();
    }
    format!(
        "its format, {what}, is not supported; effnet reads safetensors files and checkpoints of PyTorch, Keras and \
         TensorFlow"
    )
}

/// The index of a checkpoint in several files, as Hugging Face's libraries write it: tensors and their files.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

fn of_json(json: &[u8]) -> String {
    if let Ok(index) = serde_json::from_slice::<Index>(json) {
        let shards: BTreeSet<String> = index.weight_map.into_values().collect();
        let shards: Vec<_> = shards.into_iter().collect();
        return format!(
            "it is the index of a checkpoint in {} shards ({}): load all shards and save their tensors in one file",
            shards.len(),
            list(&shards)
        );
    }
    match serde_json::from_slice::<IgnoredAny>(json) {
        Ok(IgnoredAny) => {
            "it is a JSON file, such as describes a network; the weights are in a file beside it".to_owned()
        }
        Err(_) => UNKNOWN.to_owned(),
    }
}

/// Says what a zip archive of these entries is that holds no pickle.
pub(super) fn archive(entries: &[String]) -> String {
    let has = |end: &str| entries.iter().any(|name| name.ends_with(end));
    if has(".npy") {
        described("NumPy's .npz")
    } else if cfg!(not(feature = "formats")) && has("model.weights.h5") {
        "it is Keras's .keras, which effnet reads only if it was built with the feature `formats`".to_owned()
    } else if has(".pth") || has(".pt") || has(".safetensors") {
        "it is a zip archive with weights files in it: unpack it".to_owned()
    } else {
        "it is a zip archive, but not one that `torch.save` writes".to_owned()
    }
}
