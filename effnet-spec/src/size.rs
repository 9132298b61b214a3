//! Image sizes, and the sizes behind a convolution.

use std::fmt;

use crate::Padding;

/// Height and width of an image or a feature map, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

impl Size {
    /// One pixel: the size behind a global pool.
    pub const ONE: Self = Self::square(1);

    /// A square.
    pub const fn square(side: usize) -> Self {
        Self { height: side, width: side }
    }

    /// The number of pixels.
    pub const fn pixels(self) -> u64 {
        (self.height as u64).saturating_mul(self.width as u64)
    }

    /// The size after a convolution with this stride: `ceil(size / stride)`.
    ///
    /// That holds under both paddings, because kernels are odd: with `p = (k - 1) / 2`, PyTorch's
    /// `floor((size + 2p - k) / stride) + 1` is the same number. The paddings differ in [`Padding::pads`].
    ///
    /// # Panics
    /// If `stride` is 0.
    pub const fn strided(self, stride: usize) -> Self {
        Self { height: self.height.div_ceil(stride), width: self.width.div_ceil(stride) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

impl Padding {
    /// Zeros in front of and behind `size` pixels, for an odd `kernel` and a `stride` of at least 1.
    ///
    /// Under `Same` they depend on the size: 3×3 at stride 2 pads an even side by (0, 1), an odd one by (1, 1).
    pub const fn pads(self, size: usize, kernel: usize, stride: usize) -> (usize, usize) {
        match self {
            Padding::Symmetric => ((kernel - 1) / 2, (kernel - 1) / 2),
            Padding::Same => {
                let last_start = size.div_ceil(stride).saturating_sub(1) * stride;
                let total = (last_start + kernel).saturating_sub(size);
                (total / 2, total - total / 2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_paddings_give_the_same_output_size() {
        for padding in [Padding::Symmetric, Padding::Same] {
            for kernel in [3, 5, 7] {
                for stride in [1, 2] {
                    for size in 1..40 {
                        let (before, after) = padding.pads(size, kernel, stride);
                        let out = (size + before + after - kernel) / stride + 1;
                        assert_eq!(
                            out,
                            Size::square(size).strided(stride).height,
                            "{padding:?} {kernel} {stride} {size}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn same_pads_an_even_side_behind_only() {
        assert_eq!(Padding::Same.pads(224, 3, 2), (0, 1));
        assert_eq!(Padding::Same.pads(225, 3, 2), (1, 1));
        assert_eq!(Padding::Same.pads(224, 5, 2), (1, 2));
        assert_eq!(Padding::Same.pads(7, 3, 1), (1, 1));
        assert_eq!(Padding::Symmetric.pads(224, 5, 2), (2, 2));
    }
}
