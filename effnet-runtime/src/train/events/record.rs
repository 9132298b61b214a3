//! The framing of a record: length, its checksum, bytes, their checksum.

/// Bytes as a record: `u64` length, `u32` masked checksum of the length's eight bytes, the bytes, `u32` masked checksum of
/// them; all numbers little-endian.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] = [&length, &masked(&length).to_le_bytes(), bytes, &masked(bytes).to_le_bytes()];
    parts.concat()
}

/// CRC-32C, rotated and moved, so that a checksum of bytes that hold checksums is none of theirs.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}
