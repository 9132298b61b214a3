//! The choices of a space, in one list.

use std::fmt;

use effnet_spec::named;

named! {
    /// What is chosen of a stage.
    pub enum GeneKind: "choice" {
        /// The blocks' operator.
        Operator = "operator",
        /// The number of blocks.
        Layers = "layers",
        /// The side of their kernels.
        Kernel = "kernel",
        /// Channels inside a block, in times of those that go in.
        Expansion = "expansion",
        /// Channels out of each block.
        Width = "width",
    }
}

/// One choice that a network of a space has made. It may be the only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gene {
    /// The stage, from 0.
    pub stage: usize,
    /// What is chosen of it.
    pub kind: GeneKind,
    /// What there is to choose from, as a table writes it.
    pub choices: Vec<String>,
}

/// `kernel of stage 3`, counted from 1 as people do.
impl fmt::Display for Gene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of stage {}", self.kind, self.stage + 1)
    }
}
