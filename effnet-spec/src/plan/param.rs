//! Parameters and buffers of a layer.

/// A parameter or a buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in its module: `weight`.
    pub name: &'static str,
    /// Its shape: `[O, I, k, k]` for weights of convolutions.
    pub shape: Vec<usize>,
    /// Its initial values.
    pub init: Init,
}

/// A module of a layer, as PyTorch's implementations divide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submodule {
    /// The convolution.
    Conv,
    /// The batch normalisation.
    Norm,
    /// The convolution into a squeeze-and-excitation's bottleneck.
    Reduce,
    /// The convolution out of it.
    Expand,
}

/// Initial values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// One value.
    Constant(f64),
    /// Draws of a normal distribution around 0.
    Normal {
        /// Standard deviation.
        deviation: f64,
    },
}

impl Param {
    pub(super) fn new(name: &'static str, shape: impl Into<Vec<usize>>, init: Init) -> Self {
        Self { name, shape: shape.into(), init }
    }

    /// The number of its elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Submodule {
    /// Its name below the layer, which is WZMIAOMIAO's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conv => "conv",
            Self::Norm => "bn",
            Self::Reduce => "conv_reduce",
            Self::Expand => "conv_expand",
        }
    }

    /// Our name of a parameter in a layer: `blocks.3.dwconv.bn.running_mean`.
    pub fn name_of(self, layer: &str, param: &Param) -> String {
        format!("{layer}.{}.{}", self.name(), param.name)
    }
}
