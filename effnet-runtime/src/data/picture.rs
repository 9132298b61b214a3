use std::fs::File;
use std::io::Read;
use std::path::Path;

use image::RgbImage;

use super::decode::decode;
use super::error::Error;
use super::source::{MAX_FILE_BYTES, check_length};

/// Reads and decodes a picture that belongs to no data set: a file, or a pipe.
///
/// # Errors
/// If it cannot be read, is larger than a picture may be, or is not a picture.
pub fn read_picture(path: &Path) -> Result<RgbImage, Error> {
    let name = path.display().to_string();
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        check_length(bytes.len() as u64)?;
        Ok(bytes)
    };
    decode(&read().map_err(Error::file_error(&name))?, &name)
}
