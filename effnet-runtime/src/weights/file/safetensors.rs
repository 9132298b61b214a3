//! safetensors: 8 bytes with the header's length, a JSON header, the tensors' bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use candle_core::DType;

use super::{Place, Problem, Stored, TensorInfo, Tensors};

/// Length of the header's length in bytes.
const PREFIX: u64 = 8;

/// The longest header that the format allows.
const MAX_HEADER: u64 = 100_000_000;

/// Whether a file of this length that starts with these bytes, nine or more, can be one.
pub(super) fn begins(start: &[u8], length: u64) -> bool {
    let Some((prefix, rest)) = start.split_first_chunk() else { return false };
    length > PREFIX && rest.starts_with(b"{") && (2..=MAX_HEADER).contains(&u64::from_le_bytes(*prefix))
}

/// Reads the header of a file that [`begins`] like one: the tensors, and the metadata.
pub(super) fn open(file: &mut File, length: u64) -> Result<(Tensors, HashMap<String, String>), Problem> {
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix)?;
    let header_length = u64::from_le_bytes(prefix);
    if header_length > length - PREFIX {
        return Err(Problem::Damaged(format!(
            "its header should be {header_length} bytes long, and the file ends before"
        )));
    }
    let mut header = Vec::with_capacity(header_length as usize);
    file.take(header_length).read_to_end(&mut header)?;

    let header: safetensors::tensor::Metadata = serde_json::from_slice(&header)
        .map_err(|error| Problem::Damaged(format!("its header is not that of a safetensors file ({error})")))?;
    let data = PREFIX + header_length;
    let (has, needs) = (length - data, header.data_len() as u64);
    if has != needs {
        let difference = if has < needs { "it is cut short" } else { "something follows its end" };
        return Err(Problem::Damaged(format!("{difference} ({needs} bytes of tensors were written, {has} are there)")));
    }

    let mut tensors = BTreeMap::new();
    for (name, info) in header.tensors() {
        let place = Place::At(data + info.data_offsets.0 as u64);
        let stored = match DType::try_from(info.dtype) {
            // Formats in which values share a byte, which candle keeps as bytes.
            Err(_) | Ok(DType::F4 | DType::F6E2M3 | DType::F6E3M2 | DType::F8E8M0) => {
                Stored::Unread(format!("{:?}", info.dtype))
            }
            Ok(dtype) => Stored::Readable(TensorInfo { dtype, shape: info.shape.clone(), place }),
        };
        tensors.insert(name, stored);
    }
    Ok((tensors, header.metadata().clone().unwrap_or_default()))
}

/// Reads a tensor's bytes.
pub(super) fn read(file: &mut File, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
    let Place::At(start) = info.place else { return Err(Problem::Damaged("a tensor has no place".into())) };
    // The header was checked against the file's length: neither number overflows or exceeds it.
    let mut bytes = vec![0; info.shape.iter().product::<usize>() * info.dtype.size_in_bytes()];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
