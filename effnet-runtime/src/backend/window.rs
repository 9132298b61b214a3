//! Kinds and windows of convolutions.

use candle_core::{Result, Shape};
use effnet_spec::Padding;
pub use effnet_spec::plan::ConvKind as Kind;

/// A square window that slides over a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
    /// Zeros around the map.
    pub padding: Padding,
}

impl Window {
    /// Output size along one side of `size` pixels, and the zeros in front of its first pixel.
    pub fn along(&self, size: usize) -> (usize, usize) {
        let (before, after) = self.padding.pads(size, self.kernel, self.stride);
        ((size + before + after).saturating_sub(self.kernel) / self.stride + 1, before)
    }

    /// Height and width of the output for a map of these.
    pub(crate) fn output(&self, (height, width): (usize, usize)) -> (usize, usize) {
        (self.along(height).0, self.along(width).0)
    }
}

/// A convolution's sizes: maps `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub kind: Kind,
    pub batch: usize,
    /// Height and width of the input.
    pub input: (usize, usize),
    /// Height and width of the output.
    pub output: (usize, usize),
    /// Zeros above and to the left of the input.
    pub before: (usize, usize),
    pub in_channels: usize,
    pub out_channels: usize,
    pub kernel: usize,
    pub stride: usize,
}

impl Geometry {
    /// Sizes of a convolution of a map of the shape `x` = `[N, H, W, C]` with a weight of this shape.
    ///
    /// # Errors
    /// When the weight is not of that kind and window, the map is empty, or its channels are not those of the weight.
    pub(crate) fn of(kind: Kind, x: &[usize], weight: &[usize], window: Window) -> Result<Self> {
        let (out_channels, inputs, height, width) = Shape::from(weight).dims4()?;
        let in_channels = match kind {
            Kind::Dense => inputs,
            Kind::Depthwise if inputs == 1 => out_channels,
            Kind::Depthwise => candle_core::bail!("a depthwise convolution was given weights {weight:?}"),
        };
        if (height, width) != (window.kernel, window.kernel) {
            candle_core::bail!("a convolution of kernel {} was given weights {height} × {width}", window.kernel)
        }
        let &[batch, height, width, channels] = x else {
            candle_core::bail!("a convolution takes a map [N, H, W, C], and was given {x:?}")
        };
        if channels != in_channels {
            candle_core::bail!("a convolution of {in_channels} channels was given {channels}")
        }
        if x.contains(&0) || out_channels == 0 || window.kernel == 0 || window.stride == 0 {
            candle_core::bail!("a convolution of {x:?} to {out_channels} channels by {window:?} has no result")
        }
        let ((out_height, top), (out_width, left)) = (window.along(height), window.along(width));
        Ok(Self {
            kind,
            batch,
            input: (height, width),
            output: (out_height, out_width),
            before: (top, left),
            in_channels,
            out_channels,
            kernel: window.kernel,
            stride: window.stride,
        })
    }

    /// Elements of the input.
    pub(crate) fn in_count(&self) -> usize {
        self.batch * self.input.0 * self.input.1 * self.in_channels
    }

    /// Multiply-accumulates of a direct convolution.
    pub(crate) fn macs(&self) -> u64 {
        let pixels = self.batch * self.output.0 * self.output.1;
        (pixels * self.weight_shape().elem_count()) as u64
    }

    /// Shape of the weight.
    pub(crate) fn weight_shape(&self) -> Shape {
        let inputs = match self.kind {
            Kind::Dense => self.in_channels,
            Kind::Depthwise => 1,
        };
        Shape::from((self.out_channels, inputs, self.kernel, self.kernel))
    }

    /// Shape of the output.
    pub(crate) fn out_shape(&self) -> Shape {
        Shape::from((self.batch, self.output.0, self.output.1, self.out_channels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_and_zeros_are_those_of_pytorch_and_tensorflow() {
        let along = |kernel, stride, padding, size| Window { kernel, stride, padding }.along(size);
        assert_eq!(along(3, 2, Padding::Symmetric, 224), (112, 1));
        assert_eq!(along(3, 2, Padding::Symmetric, 45), (23, 1));
        assert_eq!(along(3, 2, Padding::Same, 224), (112, 0));
        assert_eq!(along(3, 2, Padding::Same, 45), (23, 1));
        assert_eq!(along(5, 2, Padding::Same, 64), (32, 1));
        assert_eq!(along(7, 2, Padding::Symmetric, 1), (1, 3));
        assert_eq!(along(1, 2, Padding::Same, 2), (1, 0));
    }
}
