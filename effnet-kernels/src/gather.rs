//! The pixels of a source map that each pixel of a destination sees.

use std::ops::Range;

use crate::view::{Rows, floats};

/// Each pixel of a destination grid sees the pixels of a source map `[batch, height, width, channels]` at
/// `start + stride · grid + (0..taps)`, zero where that lies outside. A convolution's forward pass is one gather from its
/// input; its input gradient is one gather from the output gradient for each phase of the stride.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// Height and width of the source.
    pub source: (usize, usize),
    /// Channels of the source.
    pub channels: usize,
    /// Height and width of the destination.
    pub grid: (usize, usize),
    /// Source pixels between the windows of two neighbours.
    pub stride: usize,
    /// First source pixel, down and across, that the first pixel sees.
    pub start: (isize, isize),
    /// Height and width of a window.
    pub taps: (usize, usize),
}

/// A rectangle of a source map, its corner perhaps outside of it.
#[derive(Clone, Copy, Debug)]
pub struct Rectangle {
    /// Line and column of its first pixel.
    pub corner: (isize, isize),
    /// Height and width.
    pub size: (usize, usize),
}

/// Where the results of a grid go: floats between images, and an image's pixels.
#[derive(Clone, Copy)]
pub struct Target {
    /// Floats from one image to the next.
    pub image: usize,
    /// Pixels of the first image.
    pub pixels: Rows,
}

impl Target {
    /// Pixels of `channels`, one after the other.
    pub fn plain(grid: (usize, usize), channels: usize) -> Self {
        let line = grid.1 * channels;
        Self { image: grid.0 * line, pixels: Rows { start: 0, line, row: channels } }
    }

    /// The pixels from one on.
    pub fn at(&self, image: usize, y: usize, x: usize) -> Rows {
        Rows { start: image * self.image + self.pixels.at(y, x), ..self.pixels }
    }
}

impl Gather {
    /// Elements of what one pixel sees: `taps.0 · taps.1 · channels`.
    pub fn patch(&self) -> usize {
        self.taps.0 * self.taps.1 * self.channels
    }

    /// Checks that a batch in `x` has an image of the source's size at `image`.
    ///
    /// # Panics
    /// When it has not.
    pub fn check(&self, x: &[f32], image: usize) {
        let images = image.checked_add(1).expect("number of an image");
        let end = floats(&[images, self.source.0, self.source.1, self.channels]);
        assert!(end <= x.len(), "image {image} ends at {end} of a slice of {}", x.len());
    }

    /// Whether each pixel sees the one in its own place alone.
    pub fn is_identity(&self) -> bool {
        self.taps == (1, 1) && self.stride == 1 && self.start == (0, 0) && self.grid == self.source
    }

    /// The source's rectangle that a rectangle of the grid sees.
    pub fn seen(&self, (y, x): (usize, usize), size: (usize, usize)) -> Rectangle {
        let along = |count: usize, taps: usize| (count - 1) * self.stride + taps;
        let corner = (self.start.0 + (y * self.stride) as isize, self.start.1 + (x * self.stride) as isize);
        Rectangle { corner, size: (along(size.0, self.taps.0), along(size.1, self.taps.1)) }
    }

    /// The source's lines that lines `y` of an image's grid see, and the gather over these lines alone.
    pub fn over_lines(&self, y: Range<usize>) -> (Range<usize>, Self) {
        let seen = self.seen((y.start, 0), (y.len(), 1));
        let clamped = |line: isize| line.clamp(0, self.source.0 as isize) as usize;
        let lines = clamped(seen.corner.0)..clamped(seen.corner.0 + seen.size.0 as isize);
        let start = (seen.corner.0 - lines.start as isize, self.start.1);
        let (source, grid) = ((lines.len(), self.source.1), (y.len(), self.grid.1));
        (lines, Self { source, grid, start, ..*self })
    }

    /// The taps, along one side, of the grid's pixel `at` that lie within the source.
    pub fn inside(start: isize, stride: usize, at: usize, taps: usize, source: usize) -> Range<usize> {
        let first = start + (at * stride) as isize;
        let begin = (-first).clamp(0, taps as isize);
        let end = (source as isize - first).clamp(begin, taps as isize);
        begin as usize..end as usize
    }

    /// The lines of taps of the grid's line `y` that lie within the source.
    pub fn lines(&self, y: usize) -> Range<usize> {
        Self::inside(self.start.0, self.stride, y, self.taps.0, self.source.0)
    }

    /// The source's pixel, all images' pixels counted through, at a tap of the grid's pixel `(y, x)`. It must lie within.
    #[inline(always)]
    pub fn pixel(&self, image: usize, (y, x): (usize, usize), tap: (usize, usize)) -> usize {
        let y = (self.start.0 + (y * self.stride + tap.0) as isize) as usize;
        let x = (self.start.1 + (x * self.stride + tap.1) as isize) as usize;
        (image * self.source.0 + y) * self.source.1 + x
    }

    /// The columns of the grid whose taps all lie within the source; an empty range if there are none.
    pub fn interior(&self) -> Range<usize> {
        let first = (-self.start.1).max(0) as usize;
        let first = first.div_ceil(self.stride).min(self.grid.1);
        let room = self.source.1 as isize - self.start.1 - self.taps.1 as isize;
        let end = if room < 0 { 0 } else { room as usize / self.stride + 1 };
        first..end.clamp(first, self.grid.1)
    }

    /// Copies a rectangle of an image, zeros where it lies outside.
    pub fn copy(&self, source: &[f32], image: usize, rectangle: Rectangle, out: &mut [f32]) {
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
