//! Operations that move pixels. Each takes the nearest pixel, as automl and Pillow do.

use std::ops::Range;

use super::{Canvas, FILL};

/// `Image.rotate`: counterclockwise around the centre.
///
/// Pillow swaps rows and columns for 90 degrees; the arithmetic here gives the same.
pub(super) fn rotate(canvas: &mut Canvas<'_>, degrees: f64) {
    // Pillow rounds to 15 digits, so that a right angle has a sine of exactly 1 and a cosine of 0.
    let rounded = |value: f64| (value * 1e15).round_ties_even() / 1e15;
    let (sin, cos) = (-degrees.to_radians()).sin_cos();
    let (sin, cos) = (rounded(sin), rounded(cos));
    let (x, y) = (canvas.width as f64 / 2.0, canvas.height as f64 / 2.0);
    transform(canvas, [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y]);
}

/// `Image.transform` with `Transform.AFFINE` and the nearest pixel: the output pixel whose centre is (x, y) shows the
/// picture at (ax + by + c, dx + ey + f), for a matrix of `a` to `f`.
///
/// TensorFlow's origin is the middle of the corner pixel rather than its corner. Therefore automl's shears differ by
/// half of the shear, in pixels, and its fractional shifts round elsewhere.
pub(super) fn transform(canvas: &mut Canvas<'_>, matrix: [f64; 6]) {
    let (width, height) = (canvas.width, canvas.height);
    let [a, b, c, d, e, f] = matrix;
    canvas.remake(|from, to| {
        if [a, b, d, e] == [1.0, 0.0, 0.0, 1.0] {
            shift(from, to, (width, height), ((c + 0.5).floor() as isize, (f + 0.5).floor() as isize));
        } else {
            gather(from, to, (width, height), matrix);
        }
    });
}

/// Moves the picture by whole pixels to the left and up.
fn shift(from: &[u8], to: &mut [u8], (width, height): (usize, usize), (x, y): (isize, isize)) {
    let columns = shifted(x, width);
    for (row, to) in to.chunks_exact_mut(width * 3).enumerate() {
        match row.checked_add_signed(y).filter(|row| *row < height) {
            Some(row) if !columns.is_empty() => {
                let source = (row * width + columns.start.wrapping_add_signed(x)) * 3;
                to[..columns.start * 3].fill(FILL);
                to[columns.start * 3..columns.end * 3].copy_from_slice(&from[source..][..columns.len() * 3]);
                to[columns.end * 3..].fill(FILL);
            }
            _ => to.fill(FILL),
        }
    }
}

/// The places below `side` that stay within `0..side` when `by` is added.
fn shifted(by: isize, side: usize) -> Range<usize> {
    let lost = by.unsigned_abs().min(side);
    if by < 0 { lost..side } else { 0..side - lost }
}

/// Gathers each pixel from where the matrix says, in Pillow's fixed point of 16 bits.
fn gather(from: &[u8], to: &mut [u8], (width, height): (usize, usize), [a, b, c, d, e, f]: [f64; 6]) {
    let fixed = |value: f64| (value * 65_536.0 + 0.5).floor() as i64;
    // The first pixel's middle, then a step right and a step down.
    let (mut x, mut y) = (fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5));
    let (right, down) = ((fixed(a), fixed(d)), (fixed(b), fixed(e)));
    let from = from.as_chunks::<3>().0;
    for row in to.as_chunks_mut::<3>().0.chunks_exact_mut(width) {
        let (columns, rows) = (within(x, right.0, width, width), within(y, right.1, height, width));
        let seen = columns.start.max(rows.start)..columns.end.min(rows.end);
        if seen.is_empty() {
            row.fill([FILL; 3]);
        } else {
            row[..seen.start].fill([FILL; 3]);
            row[seen.end..].fill([FILL; 3]);
            let (mut x, mut y) = (x + seen.start as i64 * right.0, y + seen.start as i64 * right.1);
            for to in &mut row[seen] {
                *to = from[(y >> 16) as usize * width + (x >> 16) as usize];
                x += right.0;
                y += right.1;
            }
        }
        x += down.0;
        y += down.1;
    }
}

/// The range of the `count` steps from `start` at which a coordinate with 16 fixed bits lies in `0..side`.
fn within(start: i64, step: i64, side: usize, count: usize) -> Range<usize> {
    let limit = (side as i64) << 16;
    // For a positive step, `start + n · step` is at least `bound` from this n on.
    let from = |start: i64, step: i64, bound: i64| (bound - start + step - 1).div_euclid(step);
    let (first, end) = match step {
        0 if (0..limit).contains(&start) => (0, count as i64),
        0 => (0, 0),
        1.. => (from(start, step, 0), from(start, step, limit)),
        // The mirror image for a negative step: at most `limit - 1`, and no longer at least 0.
        _ => (from(-start, -step, 1 - limit), from(-start, -step, 1)),
    };
    let clamp = |n: i64| n.clamp(0, count as i64) as usize;
    clamp(first)..clamp(end)
}
