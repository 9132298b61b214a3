//! Patches of a feature map as the rows of a matrix.

/// Which pixels of a source map `[batch, height, width, channels]` belong to each pixel of a destination grid: those at
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

impl Gather {
    /// Elements of one patch: `taps.0 · taps.1 · channels`.
    pub(crate) fn patch(&self) -> usize {
        self.taps.0 * self.taps.1 * self.channels
    }

    /// Whether the patches are the source itself, row for row.
    pub(crate) fn is_identity(&self) -> bool {
        self.taps == (1, 1) && self.step == 1 && self.start == (0, 0) && self.grid == self.source
    }

    /// Writes the patches of grid pixels `from..` (counted over the batch) to `patches`, one a row.
    pub(crate) fn fill(&self, source: &[f32], from: usize, patches: &mut [f32]) {
        let (height, width) = self.source;
        let (grid_height, grid_width) = self.grid;
        let line = self.taps.1 * self.channels;
        for (at, patch) in patches.chunks_exact_mut(self.patch()).enumerate() {
            let pixel = from + at;
            let (image, pixel) = (pixel / (grid_height * grid_width), pixel % (grid_height * grid_width));
            let (row, column) = (pixel / grid_width, pixel % grid_width);
            let top = (row * self.step) as isize + self.start.0;
            let left = (column * self.step) as isize + self.start.1;
            // Taps of a line that lie within the source.
            let first = (-left).clamp(0, self.taps.1 as isize) as usize;
            let last = (width as isize - left).clamp(first as isize, self.taps.1 as isize) as usize;
            for (tap, line) in patch.chunks_exact_mut(line).enumerate() {
                let y = top + tap as isize;
                if y < 0 || y >= height as isize || first == last {
                    line.fill(0.0);
                    continue;
                }
                let x = (left + first as isize) as usize;
                let begin = ((image * height + y as usize) * width + x) * self.channels;
                let (first, last) = (first * self.channels, last * self.channels);
                line[..first].fill(0.0);
                line[first..last].copy_from_slice(&source[begin..begin + last - first]);
                line[last..].fill(0.0);
            }
        }
    }
}
