//! Seeded randomness without state.
//!
//! A draw is a function of (seed, purpose, step, sample, block, element) and of nothing else, so that neither loader
//! threads, batch position, accumulation nor a resume change a run. The generator is SplitMix64 (Steele, Lea & Flood,
//! *Fast Splittable Pseudorandom Number Generators*, 2014) read as a counter-based one: the key of a [`Stream`] is
//! mixed from its coordinates, and draw `i` is the finalizer of `key + i · γ`.

/// The purpose of a draw: streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Initial weights; the sample is the hash of the parameter's name.
    Init = 1,
    /// The order of the samples in an epoch; the step is the epoch.
    Shuffle = 2,
    /// Augmentation of a sample; the step is the epoch, the block the position of the transform.
    Augment = 3,
    /// Whether a block's branch is dropped for a sample.
    DropPath = 4,
    /// The features of a sample that are dropped in front of the classifier.
    Dropout = 5,
    /// Random inputs of benchmarks.
    Bench = 6,
    /// The split of one folder into training and validation.
    Split = 7,
    /// Networks that a search proposes; the step is the trial, the sample the attempt.
    Search = 8,
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finalizer: a bijection whose output bits each depend on all input bits.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A sequence of draws that can be read at any position.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of these coordinates.
    pub fn new(seed: u64, purpose: Purpose, step: u64, sample: u64, block: u64) -> Self {
        let draw = |key: u64, z: u64| mix(key.wrapping_add(z).wrapping_add(GAMMA));
        let coordinates = [purpose as u64, step, sample, block];
        Self { key: coordinates.into_iter().fold(draw(0, seed), |key, coordinate| draw(key, draw(0, coordinate))) }
    }

    /// Draw `element`: 64 uniform bits.
    pub const fn bits(&self, element: u64) -> u64 {
        mix(self.key.wrapping_add(element.wrapping_mul(GAMMA)))
    }

    /// Draw `element`: uniform in `0.0..1.0`, a multiple of 2⁻⁵³.
    pub fn uniform(&self, element: u64) -> f64 {
        (self.bits(element) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Draw `element`: uniform in `0..bound`. A `bound` of 0 gives 0.
    pub fn below(&self, element: u64, bound: u64) -> u64 {
        ((u128::from(self.bits(element)) * u128::from(bound)) >> 64) as u64
    }

    /// Draw `element`: normal with mean 0 and standard deviation 1 (Box–Muller, from two uniform draws).
    pub fn normal(&self, element: u64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(element.wrapping_mul(2))).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform(element.wrapping_mul(2).wrapping_add(1))).cos()
    }

    /// A random order of `0..len` (Fisher–Yates).
    pub fn permutation(&self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            order.swap(last, self.below(last as u64, last as u64 + 1) as usize);
        }
        order
    }
}

/// The order of an epoch: every index below `len` once, shuffled by seed and epoch.
pub fn order(seed: u64, epoch: u64, len: usize) -> Vec<usize> {
    Stream::new(seed, Purpose::Shuffle, epoch, 0, 0).permutation(len)
}

/// FNV-1a of a name, to serve as a stream's sample.
pub(crate) fn hash_name(name: &str) -> u64 {
    hash_bytes(name.bytes())
}

/// FNV-1a.
pub(crate) fn hash_bytes(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let stream = Stream::new(7, Purpose::Init, 0, 3, 0);
        let n = 200_000;
        let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        assert!((mean(&|i| stream.uniform(i)) - 0.5).abs() < 3e-3);
        assert!(mean(&|i| stream.normal(i)).abs() < 1e-2);
        assert!((mean(&|i| stream.normal(i).powi(2)) - 1.0).abs() < 2e-2);
        assert!((mean(&|i| stream.below(i, 10) as f64) - 4.5).abs() < 3e-2);
    }

    #[test]
    fn every_coordinate_changes_the_stream() {
        let at = |seed, purpose, step, sample, block| Stream::new(seed, purpose, step, sample, block).bits(0);
        let all = [
            at(0, Purpose::Init, 0, 0, 0),
            at(1, Purpose::Init, 0, 0, 0),
            at(0, Purpose::Shuffle, 0, 0, 0),
            at(0, Purpose::Init, 1, 0, 0),
            at(0, Purpose::Init, 0, 1, 0),
            at(0, Purpose::Init, 0, 0, 1),
        ];
        let distinct: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn an_order_is_a_permutation_of_its_own_for_each_epoch() {
        let mut first = order(0, 0, 50);
        assert_ne!(first, order(0, 1, 50));
        assert_ne!(first, order(1, 0, 50));
        assert_eq!(first, order(0, 0, 50));
        first.sort_unstable();
        assert!(first.into_iter().eq(0..50));
    }
}
