//! How much a pickle may ask for.

/// Values of a pickle and entries of its memo, together. With what refers to them, each takes 100 bytes or so, and so
/// this is 100 MiB. A tensor needs 20; a checkpoint of the largest network, with optimizer and averages, a fifth of this.
/// The stack, for which an instruction of one byte is enough, grows by eight bytes at most.
pub(super) const VALUES: usize = 1 << 20;

/// The highest protocol that there is.
pub(super) const PROTOCOL: u8 = 5;
