//! What two ranks say first to each other on a connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// What a greeting begins with: the program, and the version of all that is said on a connection.
const MAGIC: [u8; 6] = *b"effnet";
const VERSION: u16 = 1;

const LEN: usize = MAGIC.len() + 2 + 8 + 4 + 4 + 2;

/// Who a process says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// What rank 0 has named the group; 0 between a rank and rank 0, where no group is named yet.
    pub(super) group: u64,
    pub(super) rank: u32,
    pub(super) size: u32,
    /// The port on which higher ranks find it.
    pub(super) port: u16,
}

impl Greeting {
    /// Says `self`, and hears who is at the other end. The inner error says why it is no rank of this program's.
    pub(super) fn exchange(self, stream: &TcpStream) -> io::Result<Result<Self, String>> {
        (&mut &*stream).write_all(&self.to_bytes())?;
        let mut heard = [0; LEN];
        let (first, rest) = heard.split_at_mut(MAGIC.len() + 2);
        (&mut &*stream).read_exact(first)?;
        if !first.starts_with(&MAGIC) {
            return Ok(Err(format!("it begins with \"{}\", which no rank of this program says", first.escape_ascii())));
        }
        if !first.ends_with(&VERSION.to_le_bytes()) {
            return Ok(Err("it is of another version of this program".to_owned()));
        }
        (&mut &*stream).read_exact(rest)?;
        Ok(Ok(Self::from_bytes(&heard)))
    }

    fn to_bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let parts = [
            &MAGIC[..],
            &VERSION.to_le_bytes(),
            &self.group.to_le_bytes(),
            &self.rank.to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.port.to_le_bytes(),
        ];
        bytes.copy_from_slice(&parts.concat());
        bytes
    }

    fn from_bytes(bytes: &[u8; LEN]) -> Self {
        fn take<const N: usize>(from: &mut &[u8]) -> [u8; N] {
            let mut taken = [0; N];
            let (first, rest) = from.split_at(N);
            taken.copy_from_slice(first);
            *from = rest;
            taken
        }
        let from = &mut &bytes[MAGIC.len() + 2..];
        Self {
            group: u64::from_le_bytes(take(from)),
            rank: u32::from_le_bytes(take(from)),
            size: u32::from_le_bytes(take(from)),
            port: u16::from_le_bytes(take(from)),
        }
    }
}

/// Most bytes of an answer: addresses of a hundred thousand ranks.
const MOST_ANSWER: u32 = 1 << 23;

/// Says rank 0's answer.
pub(super) fn say(mut stream: &TcpStream, answer: &str) -> io::Result<()> {
    stream.write_all(&[&(answer.len() as u32).to_le_bytes(), answer.as_bytes()].concat())
}

/// Hears rank 0's answer.
pub(super) fn hear(mut stream: &TcpStream) -> io::Result<String> {
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len).min(MOST_ANSWER);
    let mut answer = vec![0; len as usize];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_come_back_from_their_bytes() {
        let greeting = Greeting { group: u64::MAX - 6, rank: 3, size: 1 << 20, port: 65_000 };
        assert_eq!(Greeting::from_bytes(&greeting.to_bytes()), greeting);
    }
}
