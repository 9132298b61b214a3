//! The container since PyTorch 1.6: a zip archive of a pickle and one entry of raw numbers for each storage. Its checksums
//! are checked before any byte is used.

use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::super::pickle::Pickle;
use super::super::{Problem, Storage, Tensors, directory, other};
use super::{BIG_ENDIAN, tables};

/// An open checkpoint.
#[derive(Debug)]
pub(in super::super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Length of the file. No entry is longer, as PyTorch does not compress.
    length: u64,
}

/// Reads the list of tensors.
pub(super) fn open(file: File, length: u64) -> Result<(Archive, Tensors), Problem> {
    let mut archive = Archive { zip: directory::open(file, length)?, length };
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
        return Err(Problem::NotWeights(BIG_ENDIAN.into()));
    }

    let bytes = archive.entry(&format!("{root}data.pkl"))?;
    let pickle = Pickle::read(&mut bytes.as_slice()).map_err(|error| Problem::NotWeights(error.to_string()))?;
    let tensors = tables::tensors(pickle.root(), &|key| Some(Storage::Entry(format!("{root}data/{key}"))))?;
    Ok((archive, tensors))
}

impl Archive {
    /// The bytes of an entry, after a check of its checksum. The length that the archive says it has is not believed
    /// beyond the file's.
    pub(super) fn entry(&mut self, name: &str) -> Result<Vec<u8>, Problem> {
        let entry = self.zip.by_name(name).map_err(|error| match error {
            ZipError::FileNotFound => Problem::Damaged(format!("its archive lacks `{name}`")),
            ZipError::Io(source) => source.into(),
            error => Problem::Damaged(format!("`{name}` of its archive cannot be read ({error})")),
        })?;
        let length = entry.size().min(self.length);
        let mut bytes = Vec::with_capacity(length as usize + 1);
        entry.take(length + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(Problem::Damaged(format!("`{name}` of its archive is not as long as the archive says")));
        }
        Ok(bytes)
    }
}
