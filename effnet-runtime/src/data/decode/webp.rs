/// Bytes behind the end that a WebP claims in which the decoder still looks for chunks.
const BEYOND: usize = 10;

/// Chunks that the decoder may read whole into memory.
const METADATA: [&[u8]; 3] = [b"EXIF", b"ICCP", b"XMP "];

/// Whether a WebP's chunks lie within the file.
///
/// The decoder takes memory for a chunk of metadata by the length that it claims, of up to 4 GiB.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let number = |at: usize| {
        let field = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(field.try_into().ok()?) as usize)
    };
    let Some(end) = number(4).map(|size| size + 8) else { return false };
    let mut at = 12;
    while at < end + BEYOND {
        let (Some(kind), Some(size)) = (bytes.get(at..at + 4), number(at + 4)) else { break };
        let after = at + 8 + size;
        if after > bytes.len() && (at < end || METADATA.contains(&kind)) {
            return false;
        }
        at = after.next_multiple_of(2);
    }
    true
}
