use super::{Canvas, FILL};

/// Covers the square of `2 · pad` a side around a point with grey, as far as it lies within the picture (DeVries &
/// Taylor, *Improved Regularization of Convolutional Neural Networks with Cutout*, 2017; automl's `cutout`).
pub(super) fn cut(canvas: &mut Canvas<'_>, (x, y): (usize, usize), pad: usize) {
    let columns = x.saturating_sub(pad) * 3..(x + pad).min(canvas.width) * 3;
    let rows = y.saturating_sub(pad)..(y + pad).min(canvas.height);
    for row in canvas.pixels.chunks_exact_mut(canvas.width * 3).take(rows.end).skip(rows.start) {
        row[columns.clone()].fill(FILL);
    }
}
