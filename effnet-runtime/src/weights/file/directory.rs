//! Opens a zip archive, whose end says how many entries it has.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::Problem;

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

/// Opens an archive of `length` bytes: reads its directory.
pub(super) fn open(mut file: File, length: u64) -> Result<ZipArchive<BufReader<File>>, Problem> {
    check_entries(&mut file, length)?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(source) => source.into(),
        error => Problem::Damaged(format!("it is not a whole archive ({error})")),
    })
}
