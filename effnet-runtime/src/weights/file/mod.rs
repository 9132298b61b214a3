//! Opens a weights file of any format.

#[cfg(feature = "formats")]
mod bundle;
mod directory;
#[cfg(feature = "formats")]
mod h5;
mod other;
mod pickle;
mod prefix;
mod problem;
mod safetensors;
mod stored;
mod tensorflow_path;
mod torch;
mod values;

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{Device, Tensor};
use tracing::Level;

pub(super) use prefix::Choice;
use prefix::{Preferred, Taken};
use problem::Problem;
pub use stored::TensorInfo;
use stored::{Place, Storage, Stored, Tensors};

use super::error::{Error, Result};
use super::metadata::{Metadata, Program};
use super::names::{Nearest, Scheme};
use crate::dialect::Dialect;

/// Number of bytes at the beginning that tell a format.
const START: u64 = 32;

/// A weights file. Its table of tensors has been read and checked; the tensors themselves are read when asked for.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    tensors: Tensors,
    /// Names of the tensors that are not the network's, in order.
    elsewhere: Vec<String>,
    /// The prefixes of averaged and plain weights, where it has both.
    choice: Option<Choice>,
    metadata: Option<Metadata>,
    /// Its account of itself, if it is a whole program's.
    program: Option<Program>,
    /// What is taken for true of the file, which does not say it itself.
    taken: OnceLock<(Level, String)>,
    reader: Mutex<Reader>,
}

#[derive(Debug)]
enum Reader {
    Safetensors(File),
    Torch(torch::Checkpoint),
    #[cfg(feature = "formats")]
    H5(h5::H5),
    #[cfg(feature = "formats")]
    Bundle(bundle::Bundle),
}

impl WeightsFile {
    /// Opens a safetensors file or a PyTorch checkpoint: `torch.save` of a state dict, or of dictionaries that hold one,
    /// by any PyTorch since 0.4. With the feature `formats`, also what Keras writes: `.weights.h5`, `.h5` of Keras 2 and
    /// 3, and `.keras`; and TensorFlow's checkpoints, as automl has published its weights, by `NAME.index`, `NAME`,
    /// `NAME.data-00000-of-00001`, or the folder with the newest one. The content tells the format.
    ///
    /// Prefixes that wrappers add to all of the network's names (`module.`, `_orig_mod.`, `model.`, a dictionary's key)
    /// are removed. Where a file holds several networks, the root's is taken; otherwise the one whose path comes
    /// first among the keys that training scripts use: `state_dict`, `model_state_dict`, `model`, … Averaged weights
    /// (`state_dict_ema`, `model_ema`, `ema`, …) are preferred to plain ones, and loading logs it where a file has both.
    ///
    /// # Errors
    /// When there is no such file, it has no such format, is damaged, or holds several networks and nothing says which
    /// one to take.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_whole(path)?.network(Preferred::Averaged)
    }

    /// As [`WeightsFile::open`], but takes the plain weights of a file that has averaged ones beside them.
    ///
    /// # Errors
    /// As [`WeightsFile::open`].
    pub fn open_plain(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_whole(path)?.network(Preferred::Plain)
    }

    /// The file with one network's tensors told from all others.
    fn network(self, preferred: Preferred) -> Result<Self> {
        match prefix::take_off(self.tensors, preferred) {
            Ok(Taken { tensors, elsewhere, choice }) => Ok(Self { tensors, elsewhere, choice, ..self }),
            Err(prefixes) => Err(Error::SeveralNetworks { path: self.path, prefixes }),
        }
    }

    /// [`WeightsFile::open`] with all tensors by their whole names.
    pub(super) fn open_whole(path: impl AsRef<Path>) -> Result<Self> {
        let path = tensorflow_path::index_of(path.as_ref());
        let unreadable = |reason: std::io::Error| match reason.kind() {
            ErrorKind::NotFound => Error::NotFound(path.clone()),
            _ => Error::Unreadable { path: path.clone(), reason },
        };
        let mut file = File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut start = Vec::new();
        file.by_ref().take(START).read_to_end(&mut start).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;

        let opened = if let Some(opened) = other_formats(&file, &path, &start, length).transpose() {
            opened
        } else if start.starts_with(b"PK") {
            torch::open_archive(file, length).map(|(torch, tensors)| (Reader::Torch(torch), tensors, HashMap::new()))
        } else if torch::begins_legacy(&start) {
            torch::open_legacy(file, length).map(|(torch, tensors)| (Reader::Torch(torch), tensors, HashMap::new()))
        } else if !safetensors::begins(&start, length) {
            Err(other::file(&mut file, &path).map_or_else(Problem::from, Problem::NotWeights))
        } else {
            safetensors::open(&mut file, length).map(|(tensors, header)| (Reader::Safetensors(file), tensors, header))
        };
        let (reader, tensors, header) = opened.map_err(|problem| problem.of(&path))?;
        let unclear = |reason| Error::Metadata { path: path.clone(), reason };
        let metadata = Metadata::from_header(&header).map_err(unclear)?;
        let program = Program::from_header(&header).map_err(unclear)?;
        let (elsewhere, choice, taken, reader) = (Vec::new(), None, OnceLock::new(), Mutex::new(reader));
        Ok(Self { path, tensors, elsewhere, choice, metadata, program, taken, reader })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's metadata, if effnet wrote it.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The file's account of itself, if it is a whole program's.
    pub(super) fn program(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// The dialect that the file itself says.
    pub(super) fn said_dialect(&self) -> Option<&Dialect> {
        match &self.metadata {
            Some(metadata) => Some(&metadata.dialect),
            None => self.program.as_ref()?.dialect.as_ref(),
        }
    }

    /// The file's metadata.
    ///
    /// # Errors
    /// When effnet did not write it.
    pub fn require_metadata(&self) -> Result<&Metadata> {
        self.metadata.as_ref().ok_or_else(|| Error::NoMetadata(self.path.clone()))
    }

    /// Keeps a sentence about what is taken for true of the file, which loading logs. Only the first is kept: a command may
    /// ask for the dialect several times.
    pub(super) fn take(&self, sentence: impl FnOnce() -> String) {
        self.taken.get_or_init(|| (Level::INFO, sentence()));
    }

    /// [`Self::take`] for what nothing tells, which loading logs as a warning.
    pub(super) fn assume(&self, sentence: impl FnOnce() -> String) {
        self.taken.get_or_init(|| (Level::WARN, sentence()));
    }

    /// Logs what is taken for true of the file.
    pub(super) fn log_taken(&self) {
        match self.taken.get() {
            Some((Level::WARN, sentence)) => tracing::warn!("{sentence}"),
            Some((_, sentence)) => tracing::info!("{sentence}"),
            None => {}
        }
    }

    /// The network's tensors, in the order of their names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().filter_map(|(name, stored)| Some((name.as_str(), stored.info()?)))
    }

    /// Type and shape of the tensor of this name, if it is one that can be read.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)?.info()
    }

    /// Names of all tensors in the network's place, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Names of the tensors elsewhere, such as under another prefix, in order.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &str> {
        self.elsewhere.iter().map(String::as_str)
    }

    /// The prefixes of averaged and plain weights, where the file has both.
    pub(super) fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// Type and shape of a weight, if there is one of this name.
    ///
    /// # Errors
    /// When its format is not floating-point, or cannot be read.
    pub(super) fn weight(&self, name: &str) -> Result<Option<&TensorInfo>> {
        let format = match self.tensors.get(name) {
            None => return Ok(None),
            Some(Stored::Readable(info)) if info.dtype.is_float() => return Ok(Some(info)),
            Some(Stored::Readable(info)) => format!("{:?}", info.dtype),
            Some(Stored::Unread(format)) => format.clone(),
        };
        Err(Error::NotFloat { path: self.path.clone(), name: name.to_owned(), format })
    }

    /// The implementation that its names belong to.
    ///
    /// # Errors
    /// When they belong to none that effnet knows.
    pub fn scheme(&self) -> Result<Scheme> {
        Scheme::of(|name| self.tensors.contains_key(name)).ok_or_else(|| {
            let names: Vec<String> = self.tensors.keys().cloned().collect();
            let nearest = Nearest::of(names.iter().map(String::as_str));
            Error::UnknownNames { path: self.path.clone(), names, nearest }
        })
    }

    /// Width of its classifier, if it has one.
    ///
    /// # Errors
    /// As [`WeightsFile::scheme`].
    pub fn num_classes(&self) -> Result<Option<usize>> {
        let bias = self.info(&self.scheme()?.of_classifier("bias"));
        Ok(bias.and_then(|info| info.shape.first().copied()))
    }

    /// Classes of the network that the file fills. Where the classifier is lost in part, or the file has names of classes,
    /// they are not 0: loading names what is missing.
    ///
    /// # Errors
    /// As [`WeightsFile::scheme`].
    pub(crate) fn classes_to_fill(&self) -> Result<usize> {
        let weight = self.info(&self.scheme()?.of_classifier("weight"));
        let labels = self.metadata().map_or(0, |metadata| metadata.labels.len());
        Ok(self.num_classes()?.unwrap_or(labels.max(usize::from(weight.is_some()))))
    }

    /// Reads a tensor, in the file's number format.
    ///
    /// # Errors
    /// When no tensor has this name, or the file cannot be read.
    pub fn read(&self, name: &str, device: &Device) -> Result<Tensor> {
        let info = self.info(name).ok_or_else(|| not_there(name))?;
        Ok(Tensor::from_raw_buffer(&self.bytes(info)?, info.dtype, &info.shape, device)?)
    }

    /// Reads a weight: as [`WeightsFile::read`], converted to f32.
    ///
    /// # Errors
    /// As [`WeightsFile::read`], and when its format is not floating-point, or a value is NaN or infinite.
    pub fn read_f32(&self, name: &str, device: &Device) -> Result<Tensor> {
        let values = self.values(name)?;
        let shape = self.info(name).map(|info| &info.shape[..]).unwrap_or_default();
        Ok(Tensor::from_vec(values, shape, device)?)
    }

    /// The values of a weight, in the order of its dimensions.
    ///
    /// # Errors
    /// As [`WeightsFile::read_f32`].
    pub(crate) fn values(&self, name: &str) -> Result<Vec<f32>> {
        let info = self.weight(name)?.ok_or_else(|| not_there(name))?;
        let values = values::decode(&self.bytes(info)?, info.dtype, &info.shape)?;
        values.ok_or_else(|| Error::NotFinite { path: self.path.clone(), name: name.to_owned() })
    }

    fn bytes(&self, info: &TensorInfo) -> Result<Vec<u8>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &mut *reader {
            Reader::Safetensors(file) => safetensors::read(file, info),
            Reader::Torch(checkpoint) => checkpoint.read(info),
            #[cfg(feature = "formats")]
            Reader::H5(h5) => h5.read(info),
            #[cfg(feature = "formats")]
            Reader::Bundle(bundle) => bundle.read(info),
        };
        bytes.map_err(|problem| problem.of(&self.path))
    }
}

/// A format's reader, the list of its tensors, and its header's texts.
type Opened = (Reader, Tensors, HashMap<String, String>);

/// Opens a file of Keras's or TensorFlow's, if it is one.
#[cfg(feature = "formats")]
fn other_formats(file: &File, path: &Path, start: &[u8], length: u64) -> std::result::Result<Option<Opened>, Problem> {
    if let Some((h5, tensors, texts)) = h5::open(file, start, length)? {
        return Ok(Some((Reader::H5(h5), tensors, texts)));
    }
    let bundle = bundle::open(file, path, length)?;
    Ok(bundle.map(|(bundle, tensors)| (Reader::Bundle(bundle), tensors, HashMap::new())))
}

#[cfg(not(feature = "formats"))]
fn other_formats(_: &File, _: &Path, _: &[u8], _: u64) -> std::result::Result<Option<Opened>, Problem> {
    Ok(None)
}

fn not_there(name: &str) -> Error {
    Error::Candle(candle_core::Error::CannotFindTensor { path: name.to_owned() })
}

#[cfg(test)]
mod tests;
