//! The container since PyTorch 1.6: a zip archive of a pickle and one entry of raw numbers for each storage. Its checksums
//! are checked before any byte is used.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::super::pickle::Pickle;
use super::super::{Problem, Storage, Tensors, other};
use super::{BIG_ENDIAN, tables};

/// An open checkpoint.
#[derive(Debug)]
pub(in super::super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Length of the file. No entry is longer, as PyTorch does not compress.
    length: u64,
}

/// Lengths in an archive, in bytes: of the record at its end without a comment, of the longest comment, of an entry's
/// line in the directory without a name, and of the record in front of the last one that points to a large directory.
const END: usize = 22;
const COMMENT: usize = u16::MAX as usize;
const LINE: u64 = 46;
const LOCATOR: usize = 20;

/// Checks that an archive is long enough for the number of entries that it says to have: the crate `zip` allocates for as
/// many before it reads them. In a large directory it checks that itself.
fn check_entries(file: &mut File, length: u64) -> Result<(), Problem> {
    let start = length.saturating_sub((END + COMMENT + LOCATOR) as u64);
    let mut tail = Vec::with_capacity((length - start) as usize);
    file.seek(SeekFrom::Start(start))?;
    file.take(length - start).read_to_end(&mut tail)?;
    for (at, end) in tail.windows(END).enumerate().filter(|(_, end)| end.starts_with(b"PK\x05\x06")) {
        let is_large = at.checked_sub(LOCATOR).is_some_and(|locator| tail[locator..].starts_with(b"PK\x06\x07"));
        let entries = u64::from(u16::from_le_bytes([end[10], end[11]]));
        if !is_large && entries * LINE > start + at as u64 {
            return Err(Problem::Damaged(format!(
                "its archive says to have {entries} entries, and is too short for them"
            )));
        }
    }
    Ok(())
}

/// Reads the list of tensors.
pub(super) fn open(mut file: File, length: u64) -> Result<(Archive, Tensors), Problem> {
    check_entries(&mut file, length)?;
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
