//! Messages of an [`Exchange`](super::Exchange) as bytes: the payload, and behind it what it is.
//!
//! The description stands at the end, so that a payload is written once and taken out without being moved.

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A rank's message to all.
    Gather,
    /// A rank's values of the piece that the receiver sums.
    Piece,
    /// The sums of the sender's piece.
    Sums,
    /// The sender lives.
    Beat,
    /// The sender ends the group; the payload is its reason.
    Abort,
    /// The sender has done its part, and sends nothing more.
    Bye,
}

const KINDS: [Kind; 6] = [Kind::Gather, Kind::Piece, Kind::Sums, Kind::Beat, Kind::Abort, Kind::Bye];

/// Bytes of the description: the operation's number, its number of values, the kind.
const TAIL: usize = 8 + 8 + 1;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Number of the operation that it belongs to; 0 for messages that belong to none.
    pub(super) operation: u64,
    /// Values that the operation sums.
    pub(super) values: u64,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// A message that belongs to no operation.
    pub(super) fn apart(kind: Kind, payload: Vec<u8>) -> Self {
        Self { kind, operation: 0, values: 0, payload }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.payload;
        bytes.extend(self.operation.to_le_bytes());
        bytes.extend(self.values.to_le_bytes());
        bytes.push(self.kind as u8);
        bytes
    }

    /// None if the bytes are no message of this version.
    pub(super) fn from_bytes(mut bytes: Vec<u8>) -> Option<Self> {
        let (kind, operation, values) = {
            let (kind, rest) = bytes.split_last()?;
            let (rest, values) = rest.split_last_chunk()?;
            let (_, operation) = rest.split_last_chunk()?;
            let kind = *KINDS.get(usize::from(*kind))?;
            (kind, u64::from_le_bytes(*operation), u64::from_le_bytes(*values))
        };
        bytes.truncate(bytes.len() - TAIL);
        Some(Self { kind, operation, values, payload: bytes })
    }
}

/// Values as bytes, with room for the description.
pub(super) fn bytes_of(values: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * values.len() + TAIL);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The values that [`bytes_of`] has written.
pub(super) fn values_of(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_from_their_bytes_and_nothing_else_does() {
        for (at, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            let frame = Frame { kind, operation: u64::MAX - 3, values: 7, payload: bytes_of(&[1.5, f32::MIN]) };
            let bytes = frame.clone().into_bytes();
            assert_eq!(Frame::from_bytes(bytes.clone()), Some(frame));
            assert_eq!(Frame::from_bytes(bytes[bytes.len() - TAIL + 1..].to_vec()), None);
        }
        assert_eq!(Frame::from_bytes(vec![0xff; 40]), None);
        assert_eq!(
            values_of(&bytes_of(&[1.5, -0.0])).map(f32::to_bits).collect::<Vec<_>>(),
            [0x3fc0_0000, 0x8000_0000]
        );
    }
}
