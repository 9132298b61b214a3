//! The layers of a network, said once and as data.
//!
//! A [`BlockType`] lists its layers in the order in which an image passes them, and gives each its name. A
//! [`Block`] resolves the list to [`Layer`]s with sizes; a [`Spec`](crate::Spec) places these between stem
//! and head, as [`Site`]s.
//! Counts, torchsummary, names of weights, the finite check, the layers of training, the inference engine and the macro
//! walk these lists and name no block type.
//!
//! A block type is one file here, and a variant of [`Operator`].

mod block;
mod block_layers;
mod block_type;
mod conv;
mod fused;
mod layer;
mod mbconv;
mod param;
mod plain;
mod pooled;
mod site;

pub use block::Block;
#[doc(hidden)]
pub use block_type::{BlockType, Channels, Template, Window};
pub use conv::{Conv, ConvKind};
pub use layer::{Layer, LayerKind, SqueezeExcite};
pub use param::{Init, Param, Submodule};
pub use pooled::PooledConv;
pub use site::{Linear, Part, Site};

use std::fmt;

use crate::named::Named;

/// The block that a stage repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Operator {
    /// Fused-MBConv: a full k×k convolution expands, a 1×1 convolution projects (EfficientNetV2, section 3.2).
    Fused,
    /// MBConv: a 1×1 convolution expands, a depthwise k×k convolution filters, a 1×1 convolution projects.
    MbConv,
    /// A k×k convolution.
    #[cfg_attr(feature = "serde", serde(rename = "conv"))]
    Plain,
    /// A block type that no table can name: tests build networks of it.
    #[doc(hidden)]
    #[cfg_attr(feature = "serde", serde(skip))]
    Unnamed(&'static BlockType),
}

impl Operator {
    /// Every operator that a table can name.
    pub const ALL: [Self; 3] = [Self::Fused, Self::MbConv, Self::Plain];

    /// The layers of its blocks, and its other names.
    #[doc(hidden)]
    pub const fn block_type(self) -> &'static BlockType {
        match self {
            Self::Fused => &fused::FUSED,
            Self::MbConv => &mbconv::MBCONV,
            Self::Plain => &plain::PLAIN,
            Self::Unnamed(block_type) => block_type,
        }
    }

    /// The numbers behind `c` in a block string, for a list of its keys.
    pub(crate) const AUTOML: &str = "1 for fused, 0 for mbconv";

    /// The same numbers, to follow "must be".
    pub(crate) const AUTOML_LEGAL: &str = "0 (mbconv) or 1 (fused)";

    /// Number that stands for the name in a table, as in those of PyTorch implementations: the place in
    /// [`Operator::ALL`].
    pub(crate) fn number(self) -> usize {
        Self::ALL.into_iter().take_while(|known| *known != self).count()
    }

    /// Its name in a stage table: `fused`, `mbconv` or `conv`.
    pub const fn name(self) -> &'static str {
        self.block_type().name
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Named for Operator {
    const WHAT: &'static str = "operator";
    const NAMES: &'static [(&'static str, &'static str)] =
        &[(Self::Fused.name(), "or 0"), (Self::MbConv.name(), "or 1"), (Self::Plain.name(), "or 2")];
    const MEMBERS: &'static [Self] = &Self::ALL;
}
