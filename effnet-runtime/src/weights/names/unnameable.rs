//! A network that an implementation has no names for.

use effnet_spec::Operator;
use effnet_spec::plan::{LayerKind, Part, Site};

use super::Scheme;

/// Why a scheme cannot name a network's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{scheme} has no names for {part}: {reason}")]
pub struct Unnameable {
    /// The scheme.
    pub scheme: Scheme,
    /// The part of the network: `the blocks of row 3`.
    pub part: String,
    /// What the implementation lacks.
    pub reason: String,
}

impl Unnameable {
    /// A row of the table, by its index.
    pub(super) fn row(scheme: Scheme, row: usize, reason: impl Into<String>) -> Self {
        Self { scheme, part: format!("the blocks of row {}", row + 1), reason: reason.into() }
    }

    /// A head that convolves what is pooled.
    pub(super) fn pooled_head(scheme: Scheme) -> Self {
        let reason = "its convolution stands in front of the mean over pixels".to_owned();
        Self { scheme, part: "the head".to_owned(), reason }
    }
}

/// Refuses the block types and the head that only timm and this crate have.
pub(super) fn refuse(scheme: Scheme, site: &Site) -> Result<(), Unnameable> {
    match site.part {
        Part::Block(block) if !matches!(block.operator, Operator::Fused | Operator::MbConv) => {
            Err(Unnameable::row(scheme, block.row, "all its blocks are `fused` or `mbconv`"))
        }
        Part::Head if matches!(site.layer.kind, LayerKind::Pooled(_)) => Err(Unnameable::pooled_head(scheme)),
        _ => Ok(()),
    }
}
