//! Opening a weights file, of either format.

mod safetensors;
mod torch;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};

use super::error::{Error, Result};
use super::metadata::Metadata;
use super::names::Scheme;

/// Type and shape of a tensor in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Number format in the file.
    pub dtype: DType,
    /// Shape.
    pub shape: Vec<usize>,
    /// Where its bytes are.
    pub(crate) place: Place,
}

type Tensors = BTreeMap<String, TensorInfo>;

/// Where a tensor's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Contiguous, from this byte of the file.
    At(u64),
    /// In an entry of the archive, from this element, with these strides (in elements).
    Entry { name: String, offset: usize, strides: Vec<usize> },
}

/// Prefix that PyTorch's `DataParallel` puts before every name.
const DATA_PARALLEL: &str = "module.";

/// A weights file: what is in it has been read and checked, the tensors themselves are read when asked for.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    tensors: Tensors,
    metadata: Option<Metadata>,
    reader: Mutex<Reader>,
}

#[derive(Debug)]
enum Reader {
    Safetensors(File),
    Torch(Box<torch::Archive>),
}

impl WeightsFile {
    /// Opens a safetensors file or a PyTorch checkpoint (`torch.save` of a state dict, PyTorch 1.6 or later).
    ///
    /// # Errors
    /// When there is no such file, or it is neither, or it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let unreadable = |reason: std::io::Error| match reason.kind() {
            ErrorKind::NotFound => Error::NotFound(path.clone()),
            _ => Error::Unreadable { path: path.clone(), reason },
        };
        let mut file = File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut start = Vec::new();
        file.by_ref().take(9).read_to_end(&mut start).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;

        let opened = if start.starts_with(b"PK") {
            torch::open(file, length)
                .map(|(archive, tensors)| (Reader::Torch(Box::new(archive)), tensors, HashMap::new()))
        } else if start.starts_with(&[0x80]) && start.get(2) == Some(&0x8a) {
            Err(Problem::not_weights(
                "it is a checkpoint in PyTorch's format from before 1.6; open and `torch.save` it again with a newer PyTorch",
            ))
        } else {
            safetensors::open(&mut file, length).map(|(tensors, header)| (Reader::Safetensors(file), tensors, header))
        };
        let (reader, tensors, header) = opened.map_err(|problem| problem.of(&path))?;
        let metadata =
            Metadata::from_header(&header).map_err(|reason| Error::Metadata { path: path.clone(), reason })?;
        Ok(Self { path, tensors: without_prefix(tensors), metadata, reader: Mutex::new(reader) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says about itself, if effnet wrote it.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// What the file says about itself.
    ///
    /// # Errors
    /// When effnet did not write it.
    pub fn require_metadata(&self) -> Result<&Metadata> {
        self.metadata.as_ref().ok_or_else(|| Error::NoMetadata(self.path.clone()))
    }

    /// Its tensors, in the order of their names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().map(|(name, info)| (name.as_str(), info))
    }

    /// Type and shape of the tensor of this name.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)
    }

    /// Whose names it speaks.
    ///
    /// # Errors
    /// When they are nobody's that we know.
    pub fn scheme(&self) -> Result<Scheme> {
        Scheme::of(|name| self.tensors.contains_key(name)).ok_or_else(|| Error::UnknownNames {
            path: self.path.clone(),
            names: self.tensors.keys().cloned().collect(),
        })
    }

    /// Width of its classifier, if it has one.
    ///
    /// # Errors
    /// As [`WeightsFile::scheme`].
    pub fn num_classes(&self) -> Result<Option<usize>> {
        let bias = self.info(self.scheme()?.classifier_bias());
        Ok(bias.and_then(|info| info.shape.first().copied()))
    }

    /// Reads a tensor, in the file's number format.
    ///
    /// # Errors
    /// When there is none of this name, or the file cannot be read.
    pub fn read(&self, name: &str, device: &Device) -> Result<Tensor> {
        let Some(info) = self.tensors.get(name) else {
            return Err(Error::Candle(candle_core::Error::CannotFindTensor { path: name.to_owned() }));
        };
        let bytes = {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *reader {
                Reader::Safetensors(file) => safetensors::read(file, info),
                Reader::Torch(archive) => archive.read(info),
            }
        };
        let bytes = bytes.map_err(|problem| problem.of(&self.path))?;
        Ok(Tensor::from_raw_buffer(&bytes, info.dtype, &info.shape, device)?)
    }

    /// Reads a weight: as [`WeightsFile::read`], converted to f32.
    ///
    /// # Errors
    /// As [`WeightsFile::read`], and when it is not made of floats.
    pub fn read_f32(&self, name: &str, device: &Device) -> Result<Tensor> {
        match self.tensors.get(name) {
            Some(info) if !info.dtype.is_float() => {
                Err(Error::NotFloat { path: self.path.clone(), name: name.to_owned(), dtype: info.dtype })
            }
            _ => Ok(self.read(name, device)?.to_dtype(DType::F32)?),
        }
    }
}

fn without_prefix(tensors: Tensors) -> Tensors {
    if tensors.keys().all(|name| name.starts_with(DATA_PARALLEL)) {
        return tensors.into_iter().map(|(name, info)| (name[DATA_PARALLEL.len()..].to_owned(), info)).collect();
    }
    tensors
}

/// Why a file of one format could not be read; the path is added by who knows it.
#[derive(Debug)]
enum Problem {
    NotWeights(String),
    Damaged(String),
    Unreadable(std::io::Error),
}

impl Problem {
    fn not_weights(reason: impl Into<String>) -> Self {
        Self::NotWeights(reason.into())
    }

    fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    fn of(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        match self {
            Self::NotWeights(reason) => Error::NotWeights { path, reason },
            Self::Damaged(reason) => Error::Damaged { path, reason },
            Self::Unreadable(reason) => Error::Unreadable { path, reason },
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(reason: std::io::Error) -> Self {
        match reason.kind() {
            ErrorKind::UnexpectedEof => Self::damaged("it ends too early"),
            // The archive reader's word for a checksum that does not fit.
            ErrorKind::InvalidData | ErrorKind::Other => Self::Damaged(reason.to_string()),
            _ => Self::Unreadable(reason),
        }
    }
}

#[cfg(test)]
mod tests;
