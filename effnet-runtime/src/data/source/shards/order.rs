use crate::random::{Purpose, Stream};

/// Size of the buffer that samples are drawn from. Large, so that neighbours in a shard rarely meet in a batch again;
/// small enough for the samples in it to lie within a few hundred megabytes.
pub(super) const BUFFER: usize = 4096;

/// The order of an epoch over shards of these sizes. Samples are numbered through all shards.
///
/// Shuffles the shards and passes their samples in that order through a buffer: each step draws a sample from it and
/// puts the next in its place. It is one thread's work whatever the loader does, so threads and resumes do not change
/// it.
pub(super) fn order(sizes: &[usize], seed: u64, epoch: u64) -> Vec<usize> {
    let starts: Vec<usize> = sizes.iter().scan(0, |end, size| Some(std::mem::replace(end, *end + size))).collect();
    let shards = Stream::new(seed, Purpose::Shuffle, epoch, 0, 0).permutation(sizes.len());
    let draws = Stream::new(seed, Purpose::Shuffle, epoch, 0, 1);
    let mut next = shards.into_iter().flat_map(|shard| starts[shard]..starts[shard] + sizes[shard]);
    let mut buffer: Vec<usize> = next.by_ref().take(BUFFER).collect();
    let mut order = Vec::with_capacity(sizes.iter().sum());
    while !buffer.is_empty() {
        let at = draws.below(order.len() as u64, buffer.len() as u64) as usize;
        order.push(buffer[at]);
        match next.next() {
            Some(sample) => buffer[at] = sample,
            None => drop(buffer.swap_remove(at)),
        }
    }
    order
}
