//! A pickle's bytes, and the numbers and texts among them.

use std::borrow::Cow;

use super::error::PickleError;

/// The unread rest of a pickle.
pub(super) struct Input<'i, 'a> {
    rest: &'i mut &'a [u8],
    length: usize,
}

impl<'i, 'a> Input<'i, 'a> {
    pub(super) fn new(rest: &'i mut &'a [u8]) -> Self {
        let length = rest.len();
        Self { rest, length }
    }

    /// Number of bytes read.
    pub(super) fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Number of bytes left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'a [u8], PickleError> {
        let count = usize::try_from(count).map_err(|_| PickleError::Short)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(PickleError::Short)?;
        *self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        self.array().map(|[byte]| byte)
    }

    /// The next `N` bytes, such as those of a little-endian number.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(PickleError::Short)?;
        *self.rest = rest;
        Ok(*taken)
    }

    /// An unsigned number of up to eight bytes, little-endian.
    pub(super) fn number<const N: usize>(&mut self) -> Result<u64, PickleError> {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(&self.array::<N>()?);
        Ok(u64::from_le_bytes(wide))
    }

    /// Bytes preceded by their count, which takes `N` bytes.
    pub(super) fn counted<const N: usize>(&mut self) -> Result<&'a [u8], PickleError> {
        let count = self.number::<N>()?;
        self.bytes(count)
    }

    /// The bytes before the next line feed.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(PickleError::Short)?;
        let line = &self.rest[..end];
        *self.rest = &self.rest[end + 1..];
        Ok(line)
    }
}

/// An integer of any length in two's complement, little-endian; `None` beyond 64 bits.
pub(super) fn signed(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [fill; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(wide))
}

/// A text of protocol 0: Latin-1, with `\uXXXX` and `\UXXXXXXXX` for everything else; `None` where it is malformed.
pub(super) fn unescape(line: &[u8]) -> Option<Cow<'_, str>> {
    if line.is_ascii() && !line.contains(&b'\\') {
        return std::str::from_utf8(line).ok().map(Cow::Borrowed);
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = match (byte, behind.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                text.push(char::from(byte));
                rest = behind;
                continue;
            }
        };
        let code = std::str::from_utf8(behind.get(1..=digits)?).ok()?;
        text.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        rest = &behind[1 + digits..];
    }
    Some(Cow::Owned(text))
}
