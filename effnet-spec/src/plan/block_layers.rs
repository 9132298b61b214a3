//! The layers of a block.

use super::{Block, Layer, Part, Site, Template};
use crate::{Cost, Size};

impl Block {
    /// The block's layers, in the order in which an image passes them.
    pub fn layers(&self) -> impl Iterator<Item = Layer> + use<> {
        let block = *self;
        self.templates().iter().filter_map(move |template| template.layer(&block))
    }

    /// The block's layers in their network.
    pub fn sites(&self) -> impl Iterator<Item = Site> + use<> {
        let part = Part::Block(*self);
        self.layers().map(move |layer| Site { part, layer })
    }

    /// Whether its last layer is a projection: a convolution whose activation is the row's to say.
    pub(crate) fn projects(&self) -> bool {
        self.templates().last().is_some_and(|last| !last.is_activated())
    }

    /// The layers of the block's type, those included that the block goes without.
    pub(crate) const fn templates(&self) -> &'static [Template] {
        let block_type = self.operator.block_type();
        if self.expands { block_type.layers } else { block_type.unexpanded }
    }

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
