//! PyTorch's checkpoints: a pickle that lists the tensors, and raw numbers for each storage, in a zip archive
//! ([`archive`]) or, before PyTorch 1.6, one behind the other ([`legacy`]).
//!
//! [`tables`] finds the pickle's tensors, and [`tensor`] interprets each, with every index and size checked.

mod archive;
mod legacy;
mod tables;
mod tensor;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use self::archive::Archive;
pub(super) use self::legacy::begins as begins_legacy;
use self::tensor::{contiguous, last_element};
use super::{Place, Problem, Storage, TensorInfo, Tensors};

/// The refusal of numbers in another order of bytes.
const BIG_ENDIAN: &str = "it was written on a big-endian machine";

/// An open checkpoint.
#[derive(Debug)]
pub(super) enum Checkpoint {
    Archive(Box<Archive>),
    Legacy(File),
}

/// Reads the list of an archive's tensors.
pub(super) fn open_archive(file: File, length: u64) -> Result<(Checkpoint, Tensors), Problem> {
    let (archive, tensors) = archive::open(file, length)?;
    Ok((Checkpoint::Archive(Box::new(archive)), tensors))
}

/// Reads the list of tensors of a file that [`begins_legacy`] like one of the legacy format.
pub(super) fn open_legacy(mut file: File, length: u64) -> Result<(Checkpoint, Tensors), Problem> {
    let tensors = legacy::tensors(&mut file, length)?;
    Ok((Checkpoint::Legacy(file), tensors))
}

impl Checkpoint {
    /// A tensor's bytes, contiguous.
    pub(super) fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
        let Place::Strided { storage, offset, strides } = &info.place else {
            return Err(Problem::Damaged("a tensor has no place".into()));
        };
        let size = info.dtype.size_in_bytes();
        let short = || {
            Problem::Damaged(match storage {
                Storage::Entry(name) => format!("`{name}` of its archive is shorter than its tensor"),
                Storage::Span { .. } => "a storage is shorter than its tensor".to_owned(),
            })
        };
        let Some(last) = last_element(*offset, &info.shape, strides).ok_or_else(short)? else {
            return Ok(Vec::new());
        };
        let (start, end) = (offset.saturating_mul(size), last.saturating_add(1).saturating_mul(size));
        let count = info.shape.iter().product::<usize>();
        let fits = |length: u64| end as u64 <= length && count.saturating_mul(size) as u64 <= length;

        let span = match (self, storage) {
            (Self::Archive(archive), Storage::Entry(name)) => {
                let mut bytes = archive.entry(name)?;
                if !fits(bytes.len() as u64) {
                    return Err(short());
                }
                bytes.truncate(end);
                bytes.drain(..start);
                bytes
            }
            (Self::Legacy(file), Storage::Span { start: from, length }) => {
                if !fits(*length) {
                    return Err(short());
                }
                let mut bytes = vec![0; end - start];
                file.seek(SeekFrom::Start(from + start as u64))?;
                file.read_exact(&mut bytes)?;
                bytes
            }
            _ => return Err(short()),
        };
        if contiguous(&info.shape, strides) {
            return Ok(span);
        }
        // Gathers strided elements, such as a convolution's that was trained in channels-last layout.
        let mut bytes = Vec::with_capacity(count * size);
        for element in 0..count {
            let (mut rest, mut at) = (element, 0);
            for (extent, stride) in info.shape.iter().zip(strides).rev() {
                at += rest % extent * stride;
                rest /= extent;
            }
            bytes.extend(&span[at * size..][..size]);
        }
        Ok(bytes)
    }
}
