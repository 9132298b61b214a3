/// Whether a JPEG's data reach its end marker.
///
/// The decoder fills what is missing with grey and reports no error, and so a picture that was cut off would slip in.
/// Walks the segments by their lengths, so that a preview's end marker in a segment does not count.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    let mut at = 2;
    while let Some(&[first, second]) = bytes.get(at..at + 2) {
        if first != 0xff {
            // Entropy-coded data; between segments, stray bytes that decoders skip.
            at += 1;
            continue;
        }
        match second {
            END => return true,
            // A stuffed 0xff in the data, a restart marker, or a marker without a length.
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            // Fill.
            0xff => at += 1,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    false
}
