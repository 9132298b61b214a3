//! What an index says of the checkpoint and of each tensor: two messages of protocol buffers
//! (`tensorflow/core/protobuf/tensor_bundle.proto`).

use candle_core::DType;

use super::super::Problem;

/// The most dimensions of a tensor: more than any weight has.
const MAX_DIMS: usize = 8;

/// `BundleHeaderProto`.
pub(super) struct Header {
    /// Number of files of tensors.
    pub(super) shards: u32,
}

/// `BundleEntryProto`.
#[derive(Clone)]
pub(super) struct Entry {
    format: u64,
    pub(super) shape: Vec<usize>,
    pub(super) shard: u32,
    pub(super) offset: u64,
    size: u64,
    pub(super) checksum: u32,
}

impl Header {
    pub(super) fn read(message: &[u8]) -> Result<Self, Problem> {
        let mut header = Self { shards: 0 };
        let mut big_endian = false;
        fields(message, |number, field| match (number, field) {
            (1, Field::Number(shards)) => header.shards = shards as u32,
            (2, Field::Number(endianness)) => big_endian = endianness != 0,
            _ => {}
        })
        .ok_or_else(|| Problem::Damaged("its index has a header that is no message".into()))?;
        if big_endian {
            return Err(Problem::NotWeights("it was written on a big-endian machine".into()));
        }
        Ok(header)
    }
}

impl Entry {
    pub(super) fn read(name: &str, message: &[u8]) -> Result<Self, Problem> {
        let mut entry = Self { format: 0, shape: Vec::new(), shard: 0, offset: 0, size: 0, checksum: 0 };
        let (mut sliced, mut whole) = (false, true);
        let read = fields(message, |number, field| match (number, field) {
            (1, Field::Number(format)) => entry.format = format,
            (2, Field::Bytes(shape)) => whole = dimensions(shape, &mut entry.shape).is_some(),
            (3, Field::Number(shard)) => entry.shard = shard as u32,
            (4, Field::Number(offset)) => entry.offset = offset,
            (5, Field::Number(size)) => entry.size = size,
            (6, Field::Fixed(checksum)) => entry.checksum = checksum,
            (7, _) => sliced = true,
            _ => {}
        });
        if sliced {
            return Err(Problem::NotWeights(format!(
                "`{name}` is stored in slices, as a partitioned variable is: load and save it as one"
            )));
        }
        match read {
            Some(()) if whole => Ok(entry),
            _ => Err(Problem::Damaged(format!("its index describes `{name}` by what is no message"))),
        }
    }

    /// candle's number format; the name of one that it has not (`tensorflow/core/framework/types.proto`).
    pub(super) fn dtype(&self) -> Result<DType, String> {
        Ok(match self.format {
            1 => DType::F32,
            2 => DType::F64,
            3 => DType::I32,
            4 | 10 => DType::U8,
            5 => DType::I16,
            9 => DType::I64,
            14 => DType::BF16,
            19 => DType::F16,
            22 => DType::U32,
            7 => return Err("a text".to_owned()),
            other => return Err(format!("TensorFlow's type {other}")),
        })
    }

    /// Checks that a tensor's bytes are as many as its shape has, and within a file of `length` bytes.
    pub(super) fn check(&self, name: &str, dtype: DType, length: u64) -> Result<(), Problem> {
        let size =
            self.shape.iter().try_fold(dtype.size_in_bytes() as u64, |size, extent| size.checked_mul(*extent as u64));
        let end = self.offset.checked_add(self.size);
        if size != Some(self.size) || end.is_none_or(|end| end > length) {
            return Err(Problem::Damaged(format!("`{name}` has other bytes than its index says, or none")));
        }
        Ok(())
    }
}

/// The extents of a `TensorShapeProto`.
fn dimensions(message: &[u8], shape: &mut Vec<usize>) -> Option<()> {
    let mut known = true;
    fields(message, |number, field| match (number, field) {
        (2, Field::Bytes(dimension)) => {
            let mut extent = 0;
            known &= fields(dimension, |number, field| {
                if let (1, Field::Number(size)) = (number, field) {
                    extent = size;
                }
            })
            .is_some();
            shape.push(extent as usize);
            // An unknown rank or extent is -1.
            known &= extent <= u64::from(u32::MAX) && shape.len() <= MAX_DIMS;
            shape.truncate(MAX_DIMS);
        }
        (3, Field::Number(unknown)) => known &= unknown == 0,
        _ => {}
    })?;
    known.then_some(())
}

/// A field of a message.
#[derive(Clone, Copy)]
enum Field<'m> {
    Number(u64),
    Fixed(u32),
    Bytes(&'m [u8]),
}

/// Calls `visit` with the number and the value of each field of a message; `None` where it is no message.
fn fields<'m>(mut message: &'m [u8], mut visit: impl FnMut(u64, Field<'m>)) -> Option<()> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)?),
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (bytes, rest) = message.split_at_checked(length)?;
                message = rest;
                Field::Bytes(bytes)
            }
            5 => {
                let (bytes, rest) = message.split_first_chunk()?;
                message = rest;
                Field::Fixed(u32::from_le_bytes(*bytes))
            }
            _ => return None,
        };
        visit(key >> 3, field);
    }
    Some(())
}

/// Takes a number of seven bits a byte from the front, least significant first.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
