//! The time of each job of a session.

/// The work of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The stem's convolution.
    Stem,
    /// A k×k convolution, direct, with the projection behind it if there is one.
    Conv,
    /// A 3×3 convolution by Winograd's algorithm, with the projection behind it if there is one.
    Winograd,
    /// A 1×1 expansion with the depthwise convolution behind it.
    ExpandDepthwise,
    /// A depthwise convolution by itself.
    Depthwise,
    /// Squeeze-and-excitation.
    SqueezeExcite,
    /// A 1×1 projection.
    Project,
    /// The head's convolution and pooling.
    Head,
    /// The classifier.
    Classifier,
    /// Maps narrowed to bf16.
    Narrow,
    /// Zeros in the borders of maps.
    Border,
}

/// The part of a network that a job belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The stem.
    Stem,
    /// The block at this position in the network, from 0.
    Block(usize),
    /// The head.
    Head,
}

/// One job of a run.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Span {
    /// The part of the network. Images of a large batch run in groups, one after the other, and each group has all
    /// places.
    pub place: Place,
    /// The work.
    pub kind: Kind,
    /// Multiply-accumulates, counted as a direct convolution has them.
    pub macs: u64,
    /// Its time.
    pub seconds: f64,
}
