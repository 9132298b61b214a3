//! A rank's part of each batch.

use std::ops::Range;

/// One of several equal parts of every batch: what a rank of a group loads.
///
/// The parts of a batch are runs of its positions, in the order of the ranks, and together the batch. They are cut at even
/// positions of the epoch's order, so that the pairs that mixup and cutmix mix stay together; where a batch cannot be cut
/// evenly, they differ by a pair or so, and with fewer pairs than ranks some are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    rank: usize,
    size: usize,
}

impl Share {
    /// All of every batch.
    pub const WHOLE: Self = Self { rank: 0, size: 1 };

    /// The part of a rank, from 0, in a group of `size`.
    ///
    /// # Panics
    /// When there is no such rank.
    pub fn new(rank: usize, size: usize) -> Self {
        assert!(rank < size, "a group of {size} has no rank {rank}");
        Self { rank, size }
    }

    /// The positions of a batch that belong to it.
    pub fn of(self, batch: Range<usize>) -> Range<usize> {
        let cut = |rank: usize| match rank {
            0 => batch.start,
            _ if rank == self.size => batch.end,
            _ => ((batch.start + batch.len() * rank / self.size) & !1).max(batch.start),
        };
        cut(self.rank)..cut(self.rank + 1)
    }

    /// Images that the smallest part of a batch of `images` has, where the batch begins at an even position.
    pub(crate) fn least(size: usize, images: usize) -> usize {
        (0..size).map(|rank| Self::new(rank, size).of(0..images).len()).min().unwrap_or(images)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_the_batch_in_order_and_leave_pairs_together() {
        for size in 1..=9 {
            for start in 0..=5 {
                for len in 0..=40 {
                    let batch = start..start + len;
                    let shares: Vec<_> = (0..size).map(|rank| Share::new(rank, size).of(batch.clone())).collect();
                    assert_eq!(shares.iter().cloned().flatten().collect::<Vec<_>>(), batch.clone().collect::<Vec<_>>());
                    let cuts = shares[1..].iter().map(|share| share.start).filter(|cut| batch.contains(cut));
                    assert!(cuts.clone().all(|cut| cut % 2 == 0 || cut == start), "{shares:?}");
                    if start % 2 == 0 && len % (2 * size) == 0 {
                        assert!(shares.iter().all(|share| share.len() == len / size), "{shares:?}");
                    }
                }
            }
        }
        assert_eq!(Share::WHOLE.of(3..8), 3..8);
        assert_eq!((Share::least(2, 16), Share::least(4, 6), Share::least(1, 1)), (8, 0, 1));
    }
}
