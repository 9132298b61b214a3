//! A product's right-hand side in the order in which tiles read it.

use crate::kernels::buffer::Buffer;
use crate::simd::Level;

/// A matrix `[depth, columns]`, cut into panels of a tile's width; a panel holds one row after the other, the last one
/// filled up with zeros. With it a bias for each column.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    depth: usize,
    columns: usize,
    /// Width of a panel in vectors, and of a vector in floats.
    vectors: usize,
    lanes: usize,
    data: Buffer,
    bias: Buffer,
}

/// Vectors of a panel for so many columns: two, unless the last panel would then be filled up more than another width's
/// lesser efficiency costs.
fn panel_vectors(columns: usize, lanes: usize) -> usize {
    let cost = |vectors: usize, percent: usize| columns.next_multiple_of(vectors * lanes) * percent;
    [(2, 100), (3, 103), (1, 120)]
        .into_iter()
        .min_by_key(|&(vectors, percent)| cost(vectors, percent))
        .map_or(2, |best| best.0)
}

impl Packed {
    /// Packs the transpose of `rows` = `[columns, depth]`: a convolution's weights, one row an output channel.
    ///
    /// # Panics
    /// When `rows` or `bias` have other sizes.
    pub(crate) fn from_rows(level: Level, rows: &[f32], columns: usize, bias: &[f32]) -> Self {
        let depth = rows.len() / columns;
        assert_eq!(rows.len(), columns * depth, "a matrix of {columns} columns");
        let mut packed = Self::empty(level, depth, columns, bias);
        let width = packed.width();
        for (column, row) in rows.chunks_exact(depth.max(1)).enumerate() {
            let panel = &mut packed.data[column / width * width * depth..];
            for (k, value) in row.iter().enumerate() {
                panel[k * width + column % width] = *value;
            }
        }
        packed
    }

    fn empty(level: Level, depth: usize, columns: usize, bias: &[f32]) -> Self {
        let lanes = level.lanes();
        let vectors = panel_vectors(columns, lanes);
        let padded = columns.next_multiple_of(vectors * lanes);
        assert_eq!(bias.len(), columns, "a bias for each column");
        let mut packed =
            Self { depth, columns, vectors, lanes, data: Buffer::zeros(padded * depth), bias: Buffer::zeros(padded) };
        packed.bias[..columns].copy_from_slice(bias);
        packed
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel.
    pub(crate) fn width(&self) -> usize {
        self.vectors * self.lanes
    }

    pub(crate) fn panels(&self) -> usize {
        self.columns.div_ceil(self.width())
    }

    pub(super) fn vectors(&self) -> usize {
        self.vectors
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// A panel's rows and its bias.
    pub(super) fn panel(&self, panel: usize) -> (&[f32], &[f32]) {
        let (width, size) = (self.width(), self.width() * self.depth);
        (&self.data[panel * size..][..size], &self.bias[panel * width..][..width])
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        (self.data.len() + self.bias.len()) * size_of::<f32>()
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
