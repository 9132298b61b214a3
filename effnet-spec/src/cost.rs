//! Parameters, multiply-accumulates and activations, of a block, a stage and a network.

use crate::{Block, Row, Size, Spec};

/// Side in pixels of an image where a table says none.
pub const DEFAULT_SIZE: usize = 224;

/// The cost of a layer or of more. Sums and products saturate at `u64::MAX`, which [`Spec::validate`] refuses.
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
    /// The stages, first to last.
    pub stages: Vec<Cost>,
    /// The head's convolution and the classifier.
    pub head: Cost,
}

impl Costs {
    /// The whole network.
    pub fn total(&self) -> Cost {
        self.stages.iter().fold(self.stem, |sum, &stage| sum.plus(stage)).plus(self.head)
    }
}

impl Block {
    /// The block's cost, for a map of size `input`.
    pub const fn cost(&self, input: Size) -> Cost {
        let (mut cost, mut size, mut rest) = (Cost::ZERO, input, self.templates());
        while let [template, behind @ ..] = rest {
            if let Some(layer) = template.layer(self) {
                cost = cost.plus(layer.cost(size));
                size = layer.output(size);
            }
            rest = behind;
        }
        cost
    }
}

impl Row {
    /// The stage's cost, for a map of size `input`.
    pub const fn cost(&self, input: Size) -> Cost {
        if self.repeats == 0 {
            return Cost::ZERO;
        }
        // The second block and all behind it are the same.
        let others = self.block(1).cost(input.strided(self.stride)).times(self.repeats as u64 - 1);
        self.block(0).cost(input).plus(others)
    }
}

impl Spec {
    /// The head's cost with `num_classes` classes, for a map of size `input`.
    const fn head_cost(&self, input: Size, num_classes: usize) -> Cost {
        self.head_conv().cost(input).plus(self.classifier(num_classes).cost())
    }

    /// The network's cost, for an image of this size.
    pub const fn cost(&self, image: Size, num_classes: usize) -> Cost {
        let mut cost = self.stem_conv().cost(image);
        let mut size = self.stem_conv().output(image);
        let mut rest = self.rows();
        while let [row, behind @ ..] = rest {
            cost = cost.plus(row.cost(size));
            size = size.strided(row.stride);
            rest = behind;
        }
        cost.plus(self.head_cost(size, num_classes))
    }

    /// The network's trainable parameters.
    pub const fn params(&self, num_classes: usize) -> u64 {
        self.cost(Size::ONE, num_classes).params
    }

    /// The cost of each part of the network, for an image of this size.
    pub fn costs(&self, image: Size, num_classes: usize) -> Costs {
        let mut size = self.stem_conv().output(image);
        let stages = self.rows.iter().map(|row| {
            let cost = row.cost(size);
            size = size.strided(row.stride);
            cost
        });
        let stages = stages.collect();
        Costs { stem: self.stem_conv().cost(image), stages, head: self.head_cost(size, num_classes) }
    }

    /// The size of each stage's output, for an image of this size.
    pub fn stage_sizes(&self, image: Size) -> Vec<Size> {
        let stem = self.stem_conv().output(image);
        let sizes = self.rows.iter().scan(stem, |size, row| {
            *size = size.strided(row.stride);
            Some(*size)
        });
        sizes.collect()
    }

    /// The side of an image that counts refer to where none is named: the table's `eval_size`, else its `train_size`,
    /// else [`DEFAULT_SIZE`].
    pub const fn default_size(&self) -> usize {
        match (self.settings.eval_size, self.settings.train_size) {
            (Some(size), _) | (None, Some(size)) => size,
            (None, None) => DEFAULT_SIZE,
        }
    }
}
