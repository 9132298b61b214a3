//! The cost of a row and of a network.

use crate::{Cost, Costs, Row, Settings, Size, Spec};

impl Row {
    /// The row's cost, for a map of size `input`.
    pub(crate) const fn cost(&self, settings: &Settings, input: Size) -> Cost {
        if self.repeats == 0 {
            return Cost::ZERO;
        }
        // The second block and all behind it are the same.
        let others = self.block(settings, 1).cost(input.strided(self.stride)).times(self.repeats as u64 - 1);
        self.block(settings, 0).cost(input).plus(others)
    }
}

impl Spec {
    /// The head's cost with `num_classes` classes, for a map of size `input`.
    const fn head_cost(&self, input: Size, num_classes: usize) -> Cost {
        let layer = match self.head() {
            Some(head) => head.layer.cost(input),
            None => Cost::ZERO,
        };
        match self.classifier(num_classes) {
            Some(classifier) => layer.plus(classifier.cost()),
            None => layer,
        }
    }

    /// The network's cost, for an image of this size.
    pub const fn cost(&self, image: Size, num_classes: usize) -> Cost {
        let mut cost = self.stem_conv().cost(image);
        let mut size = self.stem_conv().output(image);
        let mut rest = self.rows();
        while let [row, behind @ ..] = rest {
            cost = cost.plus(row.cost(&self.settings, size));
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
        let rows = self.rows.iter().map(|row| {
            let cost = row.cost(&self.settings, size);
            size = size.strided(row.stride);
            cost
        });
        let rows = rows.collect();
        Costs { stem: self.stem_conv().cost(image), rows, head: self.head_cost(size, num_classes) }
    }

    /// The size of each row's output, for an image of this size.
    pub fn row_sizes(&self, image: Size) -> Vec<Size> {
        let stem = self.stem_conv().output(image);
        let sizes = self.rows.iter().scan(stem, |size, row| {
            *size = size.strided(row.stride);
            Some(*size)
        });
        sizes.collect()
    }
}
