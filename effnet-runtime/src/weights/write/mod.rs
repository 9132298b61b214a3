//! Writing weights in other programs' formats.

#[cfg(feature = "formats")]
mod keras;
mod torch;

use candle_core::Tensor;

#[cfg(feature = "formats")]
pub(super) use keras::images_of_keras;
#[cfg(feature = "formats")]
pub use keras::{write_keras_h5, write_keras_weights};
pub(super) use torch::is_finite;
pub use torch::{NumberFormat, write_torch};

/// A tensor to write, under the name and in the layout of the program that is to read it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its values, of any floating-point format, on any device.
    pub values: Tensor,
}

impl Named {
    /// A tensor with its name.
    pub fn new(name: impl Into<String>, values: Tensor) -> Self {
        Self { name: name.into(), values }
    }
}
