//! A product's right-hand side in the order in which tiles read it.

use std::mem::MaybeUninit;

use crate::Precision;
use crate::buffer::Buffer;
use crate::narrow::narrow;
use crate::simd::Level;
use crate::threads;

/// Steps of the depth that are packed together.
const STEPS: usize = 16;

/// The numbers in a float's place of both sides of a product, and the type of their sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    F32,
    /// Two in bf16, summed in f32.
    Bf16,
    /// Two integers of 16 bits, summed in 32.
    Shorts,
}

/// A matrix `[depth, columns]`, cut into panels of a tile's width; a panel holds one row after the other, the last one
/// filled up with zeros. Each column has a bias.
#[derive(Clone, Debug)]
pub struct Packed {
    numbers: Numbers,
    depth: usize,
    columns: usize,
    /// Width of a panel in vectors, and of a vector in floats.
    vectors: usize,
    lanes: usize,
    data: Buffer,
    bias: Buffer,
}

/// Panel width in vectors: 2, unless padding the last panel costs more than width 3 (+3 %) or 1 (+20 %).
fn panel_vectors(columns: usize, lanes: usize) -> usize {
    let cost = |vectors: usize, percent: usize| columns.next_multiple_of(vectors * lanes) * percent;
    [(2, 100), (3, 103), (1, 120)]
        .into_iter()
        .min_by_key(|&(vectors, percent)| cost(vectors, percent))
        .map_or(2, |best| best.0)
}

impl Packed {
    /// Packs the transpose of `rows` = `[columns, depth]`: a convolution's weights, a row for each output channel.
    ///
    /// # Panics
    /// When `rows` or `bias` have other sizes.
    pub fn from_rows(level: Level, rows: &[f32], columns: usize, bias: &[f32]) -> Self {
        let depth = rows.len() / columns;
        assert_eq!(rows.len(), columns * depth, "a matrix of {columns} columns");
        Self::filled(level, (depth, columns), bias, |first, width, panel| {
            // A few steps of the depth at a time: both sides' lines stay in the L1 cache until they are used up.
            for (at, panel) in panel.chunks_mut(width * STEPS).enumerate() {
                for (column, row) in rows[first * depth..].chunks_exact(depth).take(width).enumerate() {
                    for (to, value) in panel[column..].iter_mut().step_by(width).zip(&row[at * STEPS..]) {
                        *to = *value;
                    }
                }
            }
        })
    }

    /// [`Packed::from_rows`] in a number format, which the left-hand side must have too. In bf16 the depth is even.
    ///
    /// # Panics
    /// As [`Packed::from_rows`], and when the depth is odd in bf16.
    pub fn in_precision(level: Level, precision: Precision, rows: &[f32], columns: usize, bias: &[f32]) -> Self {
        match precision {
            Precision::F32 => Self::from_rows(level, rows, columns, bias),
            Precision::Bf16 => {
                let depth = rows.len() / columns;
                assert!(depth.is_multiple_of(2), "a depth of {depth} in pairs");
                let mut pairs = vec![0.0; rows.len() / 2];
                narrow(level, rows, &mut pairs);
                Self { numbers: Numbers::Bf16, ..Self::from_rows(level, &pairs, columns, bias) }
            }
        }
    }

    /// [`Packed::from_rows`] of rows of integers, an even number of them, without a bias. Results are integers of 32 bits in
    /// floats' places: nothing is added to them, and they have no activation.
    ///
    /// # Panics
    /// When the columns do not divide the rows.
    pub fn of_shorts(level: Level, rows: &[[i16; 2]], columns: usize) -> Self {
        let pair = |[low, high]: &[i16; 2]| f32::from_bits(u32::from(*low as u16) | (u32::from(*high as u16) << 16));
        let pairs: Vec<f32> = rows.iter().map(pair).collect();
        Self { numbers: Numbers::Shorts, ..Self::from_rows(level, &pairs, columns, &vec![0.0; columns]) }
    }

    /// Packs a matrix `[depth, columns]`, one row of it after the other.
    ///
    /// # Panics
    /// When `matrix` or `bias` have other sizes.
    pub fn from_matrix(level: Level, matrix: &[f32], columns: usize, bias: &[f32]) -> Self {
        let depth = matrix.len() / columns;
        assert_eq!(matrix.len(), columns * depth, "a matrix of {columns} columns");
        Self::filled(level, (depth, columns), bias, |first, width, panel| {
            let count = width.min(columns - first);
            for (to, row) in panel.chunks_exact_mut(width).zip(matrix.chunks_exact(columns)) {
                to[..count].copy_from_slice(&row[first..first + count]);
            }
        })
    }

    /// Calls `fill` for each panel, on the current pool, with its first column, its width and its floats, which are zeros.
    fn filled(
        level: Level,
        (depth, columns): (usize, usize),
        bias: &[f32],
        fill: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        let lanes = level.lanes();
        let vectors = panel_vectors(columns, lanes);
        let width = vectors * lanes;
        let padded = columns.next_multiple_of(width);
        assert_eq!(bias.len(), columns, "a bias for each column");
        let mut data = Buffer::unwritten(padded * depth);
        if depth > 0 {
            threads::current().for_each_chunk(data.floats(), width * depth, |at, panel| {
                panel.fill(MaybeUninit::new(0.0));
                // SAFETY: they have just been written.
                fill(at * width, width, unsafe { panel.assume_init_mut() });
            });
        }
        // SAFETY: the panels are all of it.
        let data = unsafe { data.assume_written() };
        let mut packed =
            Self { numbers: Numbers::F32, depth, columns, vectors, lanes, data, bias: Buffer::zeros(padded) };
        packed.bias[..columns].copy_from_slice(bias);
        packed
    }

    pub(super) fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// The precision of a pass that multiplies such numbers.
    pub fn precision(&self) -> Precision {
        if self.numbers == Numbers::F32 { Precision::F32 } else { Precision::Bf16 }
    }

    /// Floats of a row of the left-hand side.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Multiply-accumulates of a row.
    pub fn macs(&self) -> usize {
        let of_step = if self.numbers == Numbers::F32 { 1 } else { 2 };
        of_step * self.depth * self.columns
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel.
    pub fn width(&self) -> usize {
        self.vectors * self.lanes
    }

    /// Panels of [`Self::width`] columns, the last one padded.
    pub fn panels(&self) -> usize {
        self.columns.div_ceil(self.width())
    }

    pub(super) fn vectors(&self) -> usize {
        self.vectors
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// A panel's rows and its bias.
    pub(super) fn panel(&self, panel: usize) -> (&[f32], &[f32]) {
        let (width, size) = (self.width(), self.width() * self.depth);
        (&self.data[panel * size..][..size], &self.bias[panel * width..][..width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_waste_little() {
        for (columns, lanes, vectors) in
            [(48, 8, 2), (24, 8, 3), (8, 8, 1), (24, 16, 2), (48, 16, 3), (1000, 8, 2), (64, 16, 2)]
        {
            assert_eq!(panel_vectors(columns, lanes), vectors, "{columns} columns, {lanes} lanes");
        }
    }
}
