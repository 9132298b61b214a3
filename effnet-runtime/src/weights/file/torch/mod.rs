//! PyTorch's checkpoints: a zip archive of a pickle, which lists the tensors, and one entry of raw numbers for each
//! storage.
//!
//! [`tables`] finds the pickle's tensors, and [`tensor`] interprets each, with every index and size checked. The
//! archive's checksums are checked before any byte is used.

mod tables;
mod tensor;

use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use self::tensor::{contiguous, last_element};
use super::pickle::Pickle;
use super::{Place, Problem, TensorInfo, Tensors, other};

/// An open checkpoint.
#[derive(Debug)]
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Length of the file. No entry is longer, as PyTorch does not compress.
    length: u64,
}

/// Reads the list of tensors.
pub(super) fn open(file: File, length: u64) -> Result<(Archive, Tensors), Problem> {
    let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(source) => source.into(),
        error => Problem::Damaged(format!("it is not a whole archive ({error})")),
    })?;
    let mut archive = Archive { zip, length };
    let names: Vec<_> = archive.zip.file_names().filter_map(Result::ok).map(|name| name.to_string()).collect();
    let pickle = names.iter().find_map(|name| {
        let root = name.strip_suffix("data.pkl")?;
        (root.is_empty() || root.ends_with('/')).then(|| root.to_owned())
    });
    let Some(root) = pickle else { return Err(Problem::NotWeights(other::archive(&names))) };
    if names.contains(&format!("{root}constants.pkl")) {
        return Err(Problem::NotWeights(
            "it is a TorchScript archive; write its weights with `torch.save(torch.jit.load(path).state_dict(), path)`"
                .into(),
        ));
    }
    if archive.entry(&format!("{root}byteorder")).is_ok_and(|order| order != b"little") {
        return Err(Problem::NotWeights("it was written on a big-endian machine".into()));
    }

    let bytes = archive.entry(&format!("{root}data.pkl"))?;
    let pickle = Pickle::read(&mut bytes.as_slice()).map_err(|error| Problem::NotWeights(error.to_string()))?;
    let tensors = tables::tensors(pickle.root(), &root)?;
    Ok((archive, tensors))
}

impl Archive {
    /// The bytes of an entry, after a check of its checksum.
    fn entry(&mut self, name: &str) -> Result<Vec<u8>, Problem> {
        let entry = self.zip.by_name(name).map_err(|error| match error {
            ZipError::FileNotFound => Problem::Damaged(format!("its archive lacks `{name}`")),
            ZipError::Io(source) => source.into(),
            error => Problem::Damaged(format!("`{name}` of its archive cannot be read ({error})")),
        })?;
        let mut bytes = Vec::new();
        entry.take(self.length + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A tensor's bytes, contiguous.
    pub(super) fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
        let Place::Entry { name, offset, strides } = &info.place else {
            return Err(Problem::Damaged("a tensor has no place".into()));
        };
        let storage = self.entry(name)?;
        let short = || Problem::Damaged(format!("`{name}` of its archive is shorter than its tensor"));
        let size = info.dtype.size_in_bytes();
        let last = last_element(*offset, &info.shape, strides).ok_or_else(short)?;
        if last.is_some_and(|last| last >= storage.len() / size) {
            return Err(short());
        }
        let count: usize = info.shape.iter().product();
        if contiguous(&info.shape, strides) {
            return Ok(storage[offset * size..][..count * size].to_vec());
        }
        // Gathers strided elements, such as a convolution's that was trained in channels-last layout.
        let mut bytes = Vec::with_capacity(count * size);
        for element in 0..count {
            let (mut rest, mut at) = (element, *offset);
            for (extent, stride) in info.shape.iter().zip(strides).rev() {
                at += rest % extent * stride;
                rest /= extent;
            }
            bytes.extend(&storage[at * size..][..size]);
        }
        Ok(bytes)
    }
}
