//! Parameters, multiply-accumulates and activations.

/// The cost of a layer or of more. Sums and products saturate at `u64::MAX`, which [`crate::Spec::validate`] refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cost {
    /// Trainable numbers: kernels, biases, and γ and β of batch normalisation.
    pub params: u64,
    /// Numbers that are kept with the parameters but not trained: running means and variances.
    pub buffers: u64,
    /// Multiply-accumulates for one image: convolutions and the linear layer; no normalisation, activation or pool.
    pub macs: u64,
    /// Numbers that convolutions and the linear layer put out for one image, as fvcore and timm count.
    pub activations: u64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self { params: 0, buffers: 0, macs: 0, activations: 0 };

    /// The sum of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            params: self.params.saturating_add(other.params),
            buffers: self.buffers.saturating_add(other.buffers),
            macs: self.macs.saturating_add(other.macs),
            activations: self.activations.saturating_add(other.activations),
        }
    }

    /// The cost of `count` of them.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self {
            params: self.params.saturating_mul(count),
            buffers: self.buffers.saturating_mul(count),
            macs: self.macs.saturating_mul(count),
            activations: self.activations.saturating_mul(count),
        }
    }

    /// Whether a count doesn't fit 64 bits.
    pub const fn overflows(self) -> bool {
        self.params == u64::MAX || self.macs == u64::MAX || self.activations == u64::MAX
    }
}

/// The cost of each part of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The stem.
    pub stem: Cost,
    /// The rows, first to last.
    pub rows: Vec<Cost>,
    /// The head: its convolution and the classifier, as far as it has them.
    pub head: Cost,
}

impl Costs {
    /// The whole network.
    pub fn total(&self) -> Cost {
        self.rows.iter().fold(self.stem, |sum, &row| sum.plus(row)).plus(self.head)
    }
}
