//! Texts that people and programs leave in files.

use std::io;
use std::path::Path;

/// Reads a file that is text, without the byte order mark that editors on Windows put in front.
///
/// # Errors
/// If the file can't be read, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    let text = text(&bytes).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, format!("it {reason}")))?;
    Ok(text.to_owned())
}

/// The text that a file's bytes are, without a byte order mark.
///
/// # Errors
/// What is wrong and what to do, as the rest of a sentence that begins with the file.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(without_mark(bytes)?).map_err(|_| "is not UTF-8: save it as UTF-8")
}

/// A text's bytes without a byte order mark.
///
/// # Errors
/// As [`text`], if the mark is UTF-16's.
pub(crate) fn without_mark(bytes: &[u8]) -> Result<&[u8], &'static str> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Ok(text),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err("is UTF-16: save it as UTF-8"),
        text => Ok(text),
    }
}
