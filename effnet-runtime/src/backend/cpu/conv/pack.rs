//! A dense convolution's weights in the order that its matrix products take.

use std::borrow::Cow;

use effnet_kernels::gather::{Gather, Target};
use effnet_kernels::view::Rows;

use crate::backend::window::Geometry;

/// Weights `[O, I, k, k]` as those of the convolution that is the input gradient at stride 1: `[I, O, k, k]`, turned by
/// half a turn.
pub(super) fn turned(weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let (inputs, outputs, taps) = (geometry.in_channels, geometry.out_channels, geometry.kernel * geometry.kernel);
    let mut turned = vec![0.0; weight.len()];
    for (at, kernel) in weight.chunks_exact(taps).enumerate() {
        let (output, input) = (at / inputs, at % inputs);
        let to = &mut turned[(input * outputs + output) * taps..][..taps];
        to.iter_mut().zip(kernel.iter().rev()).for_each(|(to, from)| *to = *from);
    }
    turned
}

/// One phase of the input gradient: the input pixels `first + stride · grid`, which the same taps of the kernel reach.
pub(in crate::backend::cpu) struct Phase {
    /// The first input pixel of the phase.
    first: (usize, usize),
    /// Output gradients that reach each pixel of the phase.
    pub gather: Gather,
    rows: Side,
    columns: Side,
}

impl Phase {
    /// Weights `[taps, out, in]`, in the order of a window of output gradients.
    pub(super) fn matrix<'a>(&self, weight: &'a [f32], geometry: &Geometry) -> Cow<'a, [f32]> {
        if geometry.kernel == 1 {
            return Cow::Borrowed(weight);
        }
        let Geometry { in_channels, out_channels, kernel, .. } = *geometry;
        let mut matrix = Vec::with_capacity(self.gather.patch() * in_channels);
        for tap in self.taps(geometry) {
            for output in 0..out_channels {
                let start = output * in_channels * kernel * kernel + tap;
                matrix.extend((0..in_channels).map(|input| weight[start + input * kernel * kernel]));
            }
        }
        Cow::Owned(matrix)
    }

    /// The kernel's taps that reach the phase, each by its place in the kernel, in the order of a window of output
    /// gradients.
    pub(in crate::backend::cpu) fn taps(&self, geometry: &Geometry) -> impl Iterator<Item = usize> {
        let kernel = geometry.kernel;
        self.rows.taps.iter().flat_map(move |y| self.columns.taps.iter().map(move |x| y * kernel + x))
    }

    /// Where the phase's pixels lie in a map of the input's size.
    pub(in crate::backend::cpu) fn target(&self, geometry: &Geometry) -> Target {
        let plain = Target::plain(geometry.input, geometry.in_channels);
        let Rows { line, row, .. } = plain.pixels;
        let pixels = Rows {
            start: self.first.0 * line + self.first.1 * row,
            line: geometry.stride * line,
            row: geometry.stride * row,
        };
        Target { image: plain.image, pixels }
    }
}

/// Along one side: of `size` input pixels those at `first + stride · j`, reached by the taps `tap(0)`, `tap(1)`, … from
/// the outputs at `j + start`, `j + start + 1`, ….
struct Side {
    grid: usize,
    start: isize,
    taps: Vec<usize>,
}

fn side(first: usize, size: usize, before: usize, geometry: &Geometry) -> Side {
    let (kernel, stride) = (geometry.kernel, geometry.stride);
    // Input pixel `y` is tap `y + before - stride · output` of an output, so its taps are congruent to `y + before`.
    let residue = (first + before) % stride;
    let taps: Vec<usize> = (residue..kernel).step_by(stride).rev().collect();
    let nearest = ((first + before - residue) / stride) as isize;
    Side { grid: (size.saturating_sub(first)).div_ceil(stride), start: nearest - (taps.len() as isize - 1), taps }
}

/// The phases of the input gradient: `stride²` of them, those of pixels that no tap reaches included.
pub(in crate::backend::cpu) fn phases(geometry: &Geometry) -> Vec<Phase> {
    let stride = geometry.stride;
    let all = (0..stride).flat_map(|y| (0..stride).map(move |x| (y, x)));
    all.filter_map(|first| {
        let rows = side(first.0, geometry.input.0, geometry.before.0, geometry);
        let columns = side(first.1, geometry.input.1, geometry.before.1, geometry);
        if rows.grid == 0 || columns.grid == 0 {
            return None;
        }
        let gather = Gather {
            source: geometry.output,
            channels: geometry.out_channels,
            grid: (rows.grid, columns.grid),
            stride: 1,
            start: (rows.start, columns.start),
            taps: (rows.taps.len(), columns.taps.len()),
        };
        Some(Phase { first, gather, rows, columns })
    })
    .collect()
}
