//! Keras's files: HDF5, which `model.save_weights` and `model.save` write, or an archive with an HDF5 file in it
//! (`.keras`).
//!
//! [`walk`] finds the file's tensors and checks their sizes before anything is read, and [`names`] gives each the name of
//! its layer. Nothing is executed: a model's description stays unread but for its layers' names.

mod archive;
mod names;
mod part;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;

use hdf5_pure::{ChunkCacheConfig, Error, FileAccessProperties, FormatError};

use self::part::Part;
use super::{Place, Problem, TensorInfo, Tensors};

/// An HDF5 file's signature.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// An open file.
#[derive(Debug)]
pub(super) struct H5 {
    file: hdf5_pure::File,
}

/// A file's parts: the reader of its tensors, their list, and the texts beside them.
type Opened = (H5, Tensors, HashMap<String, String>);

/// Opens a file that begins with `start`, if it is one of Keras's.
pub(super) fn open(file: &File, start: &[u8], length: u64) -> Result<Option<Opened>, Problem> {
    if start.starts_with(SIGNATURE) {
        return open_part(Part::new(file.try_clone()?, 0, length), None).map(Some);
    }
    if !start.starts_with(b"PK") {
        return Ok(None);
    }
    let Some(model) = archive::model(file, length)? else { return Ok(None) };
    open_part(Part::new(file.try_clone()?, model.start, model.length), Some(model.layers)).map(Some)
}

/// Opens a part of a file; `layers` are the names of a model's layers by class, where something beside it says them.
fn open_part(part: Part, layers: Option<names::Layers>) -> Result<Opened, Problem> {
    let length = part.length();
    // Nothing is read twice.
    let properties = FileAccessProperties::new().with_chunk_cache(ChunkCacheConfig::disabled());
    let file = hdf5_pure::File::from_source_with_options(part, properties)?;
    let found = walk::walk(&file.root(), length)?;
    let mut tensors: Tensors = BTreeMap::new();
    for (name, dataset) in names::canonical(found, &layers.unwrap_or_default())? {
        if tensors.insert(name.clone(), dataset).is_some() {
            return Err(Problem::NotWeights(format!(
                "two of its tensors are called `{name}`; save the network's weights alone"
            )));
        }
    }
    let texts = file.root().attrs()?.into_iter();
    let texts = texts.filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect();
    Ok((H5 { file }, tensors, texts))
}

impl H5 {
    /// A tensor's bytes.
    pub(super) fn read(&self, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
        let Place::Dataset(path) = &info.place else { return Err(Problem::Damaged("a tensor has no place".into())) };
        let bytes = self.file.dataset(path)?.read_raw()?;
        let expected = info.shape.iter().product::<usize>() * info.dtype.size_in_bytes();
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(Problem::Damaged(format!("`{path}` should have {expected} bytes, and has {found}")));
        }
        Ok(bytes)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(reason) => reason.into(),
            Error::Format(FormatError::Source(reason)) => Self::Unreadable(std::io::Error::other(reason)),
            error => Self::Damaged(format!("it is no whole HDF5 file ({error})")),
        }
    }
}

#[cfg(test)]
mod tests;
