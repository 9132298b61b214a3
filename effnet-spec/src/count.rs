//! The cost of a stage and of a network.

use crate::{Cost, Costs, Row, Size, Spec};

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
}
