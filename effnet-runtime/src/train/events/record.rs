//! The framing of a record: length, its checksum, bytes, their checksum.

/// Frames bytes as a record: `u64` length, `u32` masked checksum of the length's eight bytes, the bytes, `u32` masked
/// checksum of the bytes; all numbers little-endian.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] = [&length, &masked(&length).to_le_bytes(), bytes, &masked(bytes).to_le_bytes()];
    parts.concat()
}

/// Masked CRC-32C: rotated and offset, so that the checksum of bytes that contain checksums differs from them.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}
