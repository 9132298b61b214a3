//! Which pixels of a source map belong to each pixel of a destination.

/// Each pixel of a destination grid sees the pixels of a source map `[batch, height, width, channels]` at
/// `start + step · grid + (0..taps)`, zero where that lies outside. A convolution's forward pass is one gather from its
/// input; its input gradient is one gather from the output gradient for each phase of the stride.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gather {
    pub source: (usize, usize),
    pub channels: usize,
    pub grid: (usize, usize),
    pub step: usize,
    pub start: (isize, isize),
    pub taps: (usize, usize),
}

/// A rectangle of a source map, its corner perhaps outside of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub corner: (isize, isize),
    pub size: (usize, usize),
}

impl Gather {
    /// Elements of what one pixel sees: `taps.0 · taps.1 · channels`.
    pub(crate) fn patch(&self) -> usize {
        self.taps.0 * self.taps.1 * self.channels
    }

    /// Whether each pixel sees the one in its own place alone.
    pub(crate) fn is_identity(&self) -> bool {
        self.taps == (1, 1) && self.step == 1 && self.start == (0, 0) && self.grid == self.source
    }

    /// What a rectangle of the grid sees.
    pub(super) fn seen(&self, (y, x): (usize, usize), size: (usize, usize)) -> Rectangle {
        let along = |count: usize, taps: usize| (count - 1) * self.step + taps;
        let corner = (self.start.0 + (y * self.step) as isize, self.start.1 + (x * self.step) as isize);
        Rectangle { corner, size: (along(size.0, self.taps.0), along(size.1, self.taps.1)) }
    }

    /// Copies a rectangle of an image, zeros where it lies outside.
    pub(super) fn copy(&self, source: &[f32], image: usize, rectangle: Rectangle, out: &mut [f32]) {
        let (height, width) = self.source;
        let channels = self.channels;
        // Columns of the rectangle that lie within the image.
        let left = rectangle.corner.1;
        let first = (-left).clamp(0, rectangle.size.1 as isize) as usize;
        let last = (width as isize - left).clamp(first as isize, rectangle.size.1 as isize) as usize;
        let line = rectangle.size.1 * channels;
        for (at, out) in out[..rectangle.size.0 * line].chunks_exact_mut(line).enumerate() {
            let y = rectangle.corner.0 + at as isize;
            if y < 0 || y >= height as isize || first == last {
                out.fill(0.0);
                continue;
            }
            let x = (left + first as isize) as usize;
            let begin = ((image * height + y as usize) * width + x) * channels;
            let (first, last) = (first * channels, last * channels);
            out[..first].fill(0.0);
            out[first..last].copy_from_slice(&source[begin..begin + last - first]);
            out[last..].fill(0.0);
        }
    }
}
