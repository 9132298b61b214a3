//! A feature map in a session's memory: `[N, H, W, C]`, with a border of zeros around each image.

use effnet_kernels::view::Rows;

use crate::backend::window::Window;

/// Pixels of zeros on each side of an image, as far as the windows of the map's reader reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Border {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Border {
    /// The padding of a convolution over a map of this size.
    pub(super) fn of_window(Window { kernel, stride, padding }: Window, size: (usize, usize)) -> Self {
        let ((top, bottom), (left, right)) =
            (padding.pads(size.0, kernel, stride), padding.pads(size.1, kernel, stride));
        Self { top, left, bottom, right }
    }
}

/// Sizes of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Map {
    pub size: (usize, usize),
    pub channels: usize,
    pub border: Border,
}

impl Map {
    /// Floats from a pixel to the one below.
    pub(super) fn line(&self) -> usize {
        (self.border.left + self.size.1 + self.border.right) * self.channels
    }

    /// Floats of an image.
    pub(super) fn image(&self) -> usize {
        (self.border.top + self.size.0 + self.border.bottom) * self.line()
    }

    /// Floats from an image's start to its pixel (`y`, `x`), counted from the border's corner.
    fn offset(&self, y: usize, x: usize) -> usize {
        y * self.line() + x * self.channels
    }

    /// The pixels of an image from (`y`, `x`) on.
    pub(super) fn pixels(&self, image: usize, y: usize, x: usize) -> Rows {
        self.windows(image, self.border.top + y, self.border.left + x, 1)
    }

    /// The windows of an image, from the one that starts at (`y`, `x`) of the border's corner.
    pub(super) fn windows(&self, image: usize, y: usize, x: usize, stride: usize) -> Rows {
        Rows {
            start: image * self.image() + self.offset(y, x),
            line: stride * self.line(),
            row: stride * self.channels,
        }
    }

    /// Lines, and rows of each, in which pointwise jobs go through an image: one line where there is no border.
    pub(super) fn lines(&self) -> (usize, usize) {
        if self.border == Border::default() { (1, self.size.0 * self.size.1) } else { self.size }
    }

    /// Zeros in the borders of `batch` images.
    pub(super) fn clear_border(&self, batch: usize, data: &mut [f32]) {
        let (line, Border { top, left, bottom, right }) = (self.line(), self.border);
        for image in data[..batch * self.image()].chunks_exact_mut(self.image().max(1)) {
            image[..top * line].fill(0.0);
            for inner in image[top * line..].chunks_exact_mut(line.max(1)).take(self.size.0) {
                inner[..left * self.channels].fill(0.0);
                inner[line - right * self.channels..].fill(0.0);
            }
            image[(top + self.size.0) * line..][..bottom * line].fill(0.0);
        }
    }
}
