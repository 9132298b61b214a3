//! Dense convolution as matrix products over patches, in its three directions.
//!
//! ```text
//! forward          out[pixel, o]      = Σ patch(x)[pixel, (tap, i)] · w[o, (tap, i)]
//! input gradient   dx[pixel, i]       = Σ patch(dout)[pixel, (tap, o)] · w[(tap, o), i]     for each phase of the stride
//! weight gradient  dw[o, (tap, i)]    = Σ dout[pixel, o] · patch(x)[pixel, (tap, i)]
//! ```
//!
//! Pixels are cut into tasks by shape. A task writes its patches to memory of its own, a part that stays in the cache at
//! a time; a 1×1 convolution has none to write, its patches are the map.

use super::gather::Gather;
use super::pack;
use crate::ops::matmul::{Matrix, matmul, matmul_by_columns};
use crate::ops::scratch::with_scratch;
use crate::ops::window::Geometry;
use crate::threads;

/// Floats of patches that a task holds at once: with the weights' panel they stay within a core's L2 cache.
const PATCH_FLOATS: usize = 1 << 15;

/// Fewest pixels that are worth a matrix product of their own.
const FEWEST_PIXELS: usize = 32;

/// Most pixels of a task: enough tasks for many threads, few enough that packing the weights does not count.
const MOST_PIXELS: usize = 512;

/// With at most so many pixels, a product over the map itself is cut by output channels.
const FEW_PIXELS: usize = 512;

/// Pixels of one task, of `pixels` in all. By shape alone.
fn pixels_per_task(pixels: usize) -> usize {
    pixels.div_ceil(8).next_multiple_of(16).clamp(FEWEST_PIXELS, MOST_PIXELS)
}

fn forward_gather(geometry: &Geometry) -> Gather {
    Gather {
        source: geometry.input,
        channels: geometry.in_channels,
        grid: geometry.output,
        step: geometry.stride,
        start: (-(geometry.before.0 as isize), -(geometry.before.1 as isize)),
        taps: (geometry.kernel, geometry.kernel),
    }
}

/// Calls `f` with the patches of the pixels `from..from + count`, a part at a time: the part's first pixel, counted from
/// `from`, its pixels and its patches.
fn for_patches(
    gather: &Gather,
    source: &[f32],
    from: usize,
    count: usize,
    mut f: impl FnMut(usize, usize, Matrix<'_>),
) {
    let patch = gather.patch();
    if gather.is_identity() {
        return f(0, count, Matrix::new(&source[from * patch..(from + count) * patch], count, patch));
    }
    let part = (PATCH_FLOATS / patch.max(1)).clamp(FEWEST_PIXELS, MOST_PIXELS).min(count);
    with_scratch(part * patch, |patches| {
        for at in (0..count).step_by(part) {
            let pixels = part.min(count - at);
            let patches = &mut patches[..pixels * patch];
            gather.fill(source, from + at, patches);
            f(at, pixels, Matrix::new(patches, pixels, patch));
        }
    });
}

/// `out = x ∗ weight`: `x` is `[N, H, W, I]`, `weight` `[O, I, k, k]`.
pub(crate) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32]) -> Vec<f32> {
    let weight = pack::by_output(weight, geometry);
    let gather = forward_gather(geometry);
    let (outputs, patch) = (geometry.out_channels, gather.patch());
    let weight = Matrix::new(&weight, outputs, patch).transposed();
    product_of_patches(&gather, x, geometry.out_pixels(), weight, outputs)
}

/// `out[pixel] = patch(pixel) · weight`, for `total` pixels and `columns` channels.
fn product_of_patches(gather: &Gather, source: &[f32], total: usize, weight: Matrix<'_>, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; total * columns];
    if gather.patch() == 0 {
        return out;
    }
    if gather.is_identity() && total <= FEW_PIXELS {
        matmul_by_columns(&mut out, Matrix::new(source, total, gather.patch()), weight);
        return out;
    }
    let pixels = pixels_per_task(total);
    threads::current().for_each_chunk(&mut out, pixels * columns, |task, out| {
        for_patches(gather, source, task * pixels, out.len() / columns, |at, count, patches| {
            matmul(&mut out[at * columns..(at + count) * columns], patches, weight, false);
        });
    });
    out
}

/// The gradient of `x`, from that of the output, `[N, H', W', O]`.
pub(crate) fn backward_input(geometry: &Geometry, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    let phases = pack::phases(weight, geometry);
    let inputs = geometry.in_channels;
    if let [phase] = phases.as_slice()
        && phase.gather.grid == geometry.input
    {
        return phase_gradient(geometry, phase, grad);
    }
    let mut out = vec![0.0; geometry.in_pixels() * inputs];
    for phase in phases.iter().filter(|phase| phase.gather.patch() > 0) {
        let gradient = phase_gradient(geometry, phase, grad);
        let (height, width) = geometry.input;
        let (grid_height, grid_width) = phase.gather.grid;
        let line = width * inputs;
        threads::current().for_each_chunk(&mut out, line, |at, line| {
            let (image, y) = (at / height, at % height);
            if y % geometry.stride != phase.first.0 {
                return;
            }
            let row = (image * grid_height + y / geometry.stride) * grid_width;
            let gradient = &gradient[row * inputs..(row + grid_width) * inputs];
            let pixels = line.chunks_exact_mut(inputs).skip(phase.first.1).step_by(geometry.stride);
            for (pixel, gradient) in pixels.zip(gradient.chunks_exact(inputs)) {
                pixel.copy_from_slice(gradient);
            }
        });
    }
    out
}

/// The gradient of the input pixels of one phase, `[N, grid, I]`.
fn phase_gradient(geometry: &Geometry, phase: &pack::Phase, grad: &[f32]) -> Vec<f32> {
    let (inputs, gather) = (geometry.in_channels, &phase.gather);
    let weight = Matrix::new(&phase.weight, gather.patch(), inputs);
    product_of_patches(gather, grad, geometry.batch * gather.grid.0 * gather.grid.1, weight, inputs)
}

/// Most partial sums of a weight gradient, and the fewest pixels of each.
const MOST_PARTS: usize = 16;
const FEWEST_PIXELS_OF_A_PART: usize = 256;

/// With at most so many pixels, a weight gradient is cut by output channels rather than into partial sums, so many
/// channels a task.
const FEW_PIXELS_OF_A_SUM: usize = 2048;
const OUTPUTS_OF_A_TASK: usize = 48;

/// The gradient of the weight `[O, I, k, k]`, from `x` and the gradient of the output.
///
/// The pixels are cut into parts, by shape, whose sums are added in the order of the parts; where they are few, and the
/// patches need not be written, the output channels are cut instead.
pub(crate) fn backward_weight(geometry: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let gather = forward_gather(geometry);
    let (outputs, patch, total) = (geometry.out_channels, gather.patch(), geometry.out_pixels());
    if gather.is_identity() && total <= FEW_PIXELS_OF_A_SUM {
        let mut gradient = vec![0.0; outputs * patch];
        threads::current().for_each_chunk(&mut gradient, OUTPUTS_OF_A_TASK * patch, |task, gradient| {
            let grad = Matrix::new(grad, total, outputs).columns(task * OUTPUTS_OF_A_TASK, gradient.len() / patch);
            matmul(gradient, grad.transposed(), Matrix::new(x, total, patch), false);
        });
        return gradient;
    }
    let parts = (total / FEWEST_PIXELS_OF_A_PART).clamp(2, MOST_PARTS).min(total);
    let pixels = total.div_ceil(parts);
    let size = outputs * patch;
    let mut sums = vec![0.0; total.div_ceil(pixels) * size];
    let pool = threads::current();
    pool.for_each_chunk(&mut sums, size, |part, sum| {
        let from = part * pixels;
        for_patches(&gather, x, from, pixels.min(total - from), |at, count, patches| {
            let grad = &grad[(from + at) * outputs..(from + at + count) * outputs];
            matmul(sum, Matrix::new(grad, count, outputs).transposed(), patches, at > 0);
        });
    });
    let (first, rest) = sums.split_at_mut(size);
    pool.for_each_chunk(first, 1 << 12, |at, chunk| {
        for part in rest.chunks_exact(size) {
            for (sum, value) in chunk.iter_mut().zip(&part[at << 12..]) {
                *sum += value;
            }
        }
    });
    sums.truncate(size);
    pack::to_oihw(sums, geometry)
}
