//! LevelDB's table of keys and values, as TensorFlow writes it (`tensorflow/core/lib/io/format.cc`).
//!
//! A file ends with the places of two blocks, of which the second lists the blocks of entries. A block is its entries, whose
//! keys share beginnings, and a list of places in it that a search would start from; a byte for its compression and a checksum
//! follow. TensorFlow compresses none.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::super::Problem;
use super::entry::varint;

/// Length of a file's end: two places, padded, and the signature.
const FOOTER: u64 = 48;

const SIGNATURE: u64 = 0xdb47_7524_8b80_fb57;

/// Bytes behind a block: its compression and its checksum.
const TRAILER: usize = 5;

/// The longest index to read: the largest networks' take a few hundred kilobytes.
const MAX_INDEX: u64 = 64 << 20;

/// The fewest bytes that an entry takes.
const ENTRY: usize = 12;

/// Bytes of keys that are never too many, beyond twice the file's.
const KEYS: usize = 1 << 16;

/// All bytes of an index of `length` bytes; `None` where the file is none.
pub(super) fn read(mut file: &File, length: u64) -> Result<Option<Vec<u8>>, Problem> {
    let Some(last) = length.checked_sub(8).filter(|_| (FOOTER..=MAX_INDEX).contains(&length)) else { return Ok(None) };
    let mut signature = [0; 8];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut signature)?;
    file.seek(SeekFrom::Start(0))?;
    if u64::from_le_bytes(signature) != SIGNATURE {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Some(bytes))
}

/// Calls `visit` with each key and value of a table, in their order.
pub(super) fn entries(table: &[u8], mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Problem>) -> Result<(), Problem> {
    let mut footer = &table[table.len() - FOOTER as usize..];
    let _metadata = place(&mut footer)?;
    let index = place(&mut footer)?;
    let (mut count, mut keys) = (0, 0);
    each(block(table, index)?, &mut |_, mut value| {
        let place = place(&mut value)?;
        each(block(table, place)?, &mut |key, value| {
            (count, keys) = (count + 1, keys + key.len());
            if count > table.len() / ENTRY || keys > 2 * table.len() + KEYS {
                return Err(damaged("lists more tensors than it has room for"));
            }
            visit(key, value)
        })
    })
}

fn damaged(what: &str) -> Problem {
    Problem::Damaged(format!("its index {what}"))
}

/// Offset and size of a block.
fn place(bytes: &mut &[u8]) -> Result<[usize; 2], Problem> {
    let mut number = || varint(bytes).and_then(|number| usize::try_from(number).ok());
    let place = number().and_then(|offset| Some([offset, number()?]));
    place.ok_or_else(|| damaged("has a block without a place"))
}

/// The entries of a block, after a check of its checksum.
fn block(table: &[u8], [offset, size]: [usize; 2]) -> Result<&[u8], Problem> {
    let end = offset.checked_add(size).and_then(|end| end.checked_add(TRAILER));
    let bytes = end.and_then(|end| table.get(offset..end)).ok_or_else(|| damaged("ends within a block"))?;
    let (checked, checksum) = bytes.split_at(size + 1);
    if checksum != masked(crc32c::crc32c(checked)).to_le_bytes() {
        return Err(damaged("has a block with another checksum than it says"));
    }
    let (block, compression) = checked.split_at(size);
    match compression {
        [0] => {}
        [1] => return Err(Problem::NotWeights("its index is compressed by Snappy, as TensorFlow writes none".into())),
        _ => return Err(damaged("is compressed in a way that nobody knows")),
    }
    let (rest, restarts) = block.split_last_chunk::<4>().ok_or_else(|| damaged("has an empty block"))?;
    let entries = rest.len().checked_sub(4 * u32::from_le_bytes(*restarts) as usize);
    Ok(&rest[..entries.ok_or_else(|| damaged("has a block that is too short"))?])
}

/// What is called with each key and value.
type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<(), Problem> + 'v;

/// Calls `visit` with each key and value of a block.
fn each(mut block: &[u8], visit: &mut Visit<'_>) -> Result<(), Problem> {
    let mut key = Vec::new();
    while !block.is_empty() {
        let (tail, value) = entry(&mut block, &mut key).ok_or_else(|| damaged("has an entry that is too short"))?;
        key.extend_from_slice(tail);
        visit(&key, value)?;
    }
    Ok(())
}

/// The next entry: the end of its key, of which `key` keeps what it shares with the one before, and its value.
fn entry<'b>(block: &mut &'b [u8], key: &mut Vec<u8>) -> Option<(&'b [u8], &'b [u8])> {
    let mut number = || usize::try_from(varint(block)?).ok();
    let [shared, tail, value] = [number()?, number()?, number()?];
    let (tail, rest) = block.split_at_checked(tail)?;
    let (value, rest) = rest.split_at_checked(value)?;
    if shared > key.len() {
        return None;
    }
    key.truncate(shared);
    *block = rest;
    Some((tail, value))
}

/// A checksum as it is stored, so that one of bytes with checksums in them is as good as any.
pub(super) fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}
