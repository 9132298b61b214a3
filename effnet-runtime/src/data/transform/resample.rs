//! TensorFlow's resizing without antialias, to floats.
//!
//! A pixel is made from the two (bilinear) or four (bicubic) nearest in each direction, whatever the scale. Nothing is
//! rounded or clipped to bytes, nor is it in automl's pipeline.

use image::RgbImage;

use super::Scratch;
use super::crop::Window;

/// A kernel in one direction: by a pixel's place in the output, and the number of input pixels that make one of the
/// output, the first of the four input pixels that it is made from, and their weights.
pub(super) type Taps = fn(at: f32, scale: f32) -> (i64, [f32; 4]);

/// Stretches a window to `width` × `height` pixels in `scratch.floats`: RGB of 0 to 255, row by row.
pub(super) fn resample(
    image: &RgbImage,
    window: Window,
    (width, height): (u32, u32),
    kernel: Taps,
    scratch: &mut Scratch,
) {
    // The places that a pixel is made from, counted from the window's beginning, and their weights.
    let taps = |from: u32, to: u32| -> Vec<[(usize, f32); 4]> {
        let place = |at: i64| at.clamp(0, i64::from(from) - 1) as usize;
        let kernels = (0..to).map(|at| kernel(at as f32, from as f32 / to as f32));
        kernels.map(|(first, weights)| std::array::from_fn(|tap| (place(first + tap as i64), weights[tap]))).collect()
    };
    let (columns, rows) = (taps(window.width, width), taps(window.height, height));
    let stride = image.width() as usize * 3;
    let start = window.top as usize * stride + window.left as usize * 3;
    let pixels = &image.as_raw()[start..];
    let row_len = window.width as usize * 3;
    scratch.floats.resize(width as usize * height as usize * 3, 0.0);
    let mut row = vec![0.0; row_len];
    for (out, taps) in scratch.floats.chunks_exact_mut(width as usize * 3).zip(&rows) {
        row.fill(0.0);
        for (at, weight) in taps.iter().filter(|(_, weight)| *weight != 0.0) {
            for (sum, value) in row.iter_mut().zip(&pixels[at * stride..][..row_len]) {
                *sum += weight * f32::from(*value);
            }
        }
        for (out, taps) in out.as_chunks_mut::<3>().0.iter_mut().zip(&columns) {
            for (channel, out) in out.iter_mut().enumerate() {
                *out = taps.iter().map(|(at, weight)| weight * row[at * 3 + channel]).sum();
            }
        }
    }
}

pub(super) fn bilinear(at: f32, scale: f32) -> (i64, [f32; 4]) {
    let middle = (at + 0.5) * scale - 0.5;
    let fraction = middle - middle.floor();
    (middle.floor() as i64, [1.0 - fraction, fraction, 0.0, 0.0])
}

/// TensorFlow 1's bicubic kernel: it matches the pixels' corners rather than their middles, and takes fractions from a
/// table of 1,024.
pub(super) fn legacy_bicubic(at: f32, scale: f32) -> (i64, [f32; 4]) {
    let corner = at * scale;
    let fraction = ((corner - corner.floor()) * 1024.0).round_ties_even() / 1024.0;
    (corner.floor() as i64 - 1, [fraction + 1.0, fraction, 1.0 - fraction, 2.0 - fraction].map(cubic))
}

/// Keys's cubic with a = -0.75 at a distance of 0 to 2.
fn cubic(distance: f32) -> f32 {
    const A: f32 = -0.75;
    let x = distance;
    if x <= 1.0 { ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0 } else { ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A }
}
