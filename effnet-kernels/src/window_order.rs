//! A convolution's weights in the order of a window's pixels, and back.

use std::borrow::Cow;

/// `[outputs, rows, columns]` as `[outputs, columns, rows]`: of input channels and taps, weights `[O, I, k, k]` become a row
/// for each output channel, in the order in which a window's floats lie in a map; of taps and input channels, these become
/// `[O, I, k, k]`.
pub fn transposed<'a>(weight: impl Into<Cow<'a, [f32]>>, rows: usize, columns: usize) -> Cow<'a, [f32]> {
    let weight = weight.into();
    if rows == 1 || columns == 1 {
        return weight;
    }
    let mut result = vec![0.0; weight.len()];
    for (from, to) in weight.chunks_exact(rows * columns).zip(result.chunks_exact_mut(rows * columns)) {
        for (row, values) in from.chunks_exact(columns).enumerate() {
            for (column, value) in values.iter().enumerate() {
                to[column * rows + row] = *value;
            }
        }
    }
    Cow::Owned(result)
}
