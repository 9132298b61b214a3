/// Start of image.
pub(super) const SOI: u8 = 0xd8;
/// End of image.
pub(super) const EOI: u8 = 0xd9;

/// A JPEG's segments, from the first after the start marker to the end marker.
///
/// Walks the segments by their lengths and skips the entropy-coded data between them: a preview's markers within a
/// segment do not count.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2, ended: false }
    }

    /// Whether the end marker has come. Decoders fill what is missing before it with grey and report no error.
    pub(super) fn have_ended(&self) -> bool {
        self.ended
    }
}

impl<'a> Iterator for Segments<'a> {
    /// A marker's second byte, and the bytes after its length.
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            // Skips entropy-coded data and, between segments, stray bytes, as decoders do.
            self.at += self.bytes.get(self.at..)?.iter().position(|byte| *byte == 0xff)?;
            let marker = *self.bytes.get(self.at + 1)?;
            match marker {
                EOI => self.ended = true,
                // A stuffed 0xff in the data, a restart marker, or a marker without a length.
                0x00 | 0x01 | 0xd0..=SOI => self.at += 2,
                // A fill byte.
                0xff => self.at += 1,
                _ => {
                    let &[high, low] = self.bytes.get(self.at + 2..self.at + 4)? else { return None };
                    let length = usize::from(u16::from_be_bytes([high, low])).max(2);
                    let body = self.bytes.get(self.at + 4..self.at + 2 + length)?;
                    self.at += 2 + length;
                    return Some((marker, body));
                }
            }
        }
        None
    }
}
