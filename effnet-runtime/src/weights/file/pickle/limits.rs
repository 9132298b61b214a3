//! Limits of a pickle.

/// The most values of a pickle and entries of its memo, together. Each takes about 100 bytes with the references to it,
/// 100 MiB in all. A tensor needs 20 values; a checkpoint of the largest network, with optimizer and averages, needs a
/// fifth of this. The stack grows by eight bytes for an instruction of one byte.
pub(super) const VALUES: usize = 1 << 20;

/// The highest protocol that there is.
pub(super) const PROTOCOL: u8 = 5;
