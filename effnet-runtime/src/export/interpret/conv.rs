//! Convolutions: products of the filters with windows that are copied side by side, and channel by channel.

use effnet_kernels::threads;

use super::Array;
use super::attributes::Attributes;
use crate::backend::cpu::matmul::{Matrix, product};

/// A window that slides over a map.
struct Window {
    kernel: usize,
    stride: usize,
    /// Zeros above and to the left.
    before: [usize; 2],
    /// Height and width of the map.
    input: [usize; 2],
    /// Height and width of the result.
    output: [usize; 2],
}

impl Window {
    fn of(input: [usize; 2], kernel: usize, with: &Attributes<'_>) -> Option<Self> {
        let stride = *with.ints("strides").first().unwrap_or(&1);
        if kernel == 0 || stride == 0 {
            return None;
        }
        if with.is("auto_pad", "SAME_UPPER") {
            let output = input.map(|side| side.div_ceil(stride));
            let zeros =
                |axis: usize| (output[axis].checked_sub(1)? * stride + kernel).checked_sub(input[axis]).or(Some(0));
            return Some(Self { kernel, stride, before: [zeros(0)? / 2, zeros(1)? / 2], input, output });
        }
        let pads = with.ints("pads");
        let pads = if pads.is_empty() { [0; 4] } else { pads.try_into().ok()? };
        let along = |axis: usize| Some((input[axis] + pads[axis] + pads[axis + 2]).checked_sub(kernel)? / stride + 1);
        Some(Self { kernel, stride, before: [pads[0], pads[1]], input, output: [along(0)?, along(1)?] })
    }

    fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Calls `see` with each place of the result and the place of the map that a filter's tap sees from it.
    fn for_each(&self, tap: usize, mut see: impl FnMut(usize, usize)) {
        let place = |at: usize, tap: usize, axis: usize| {
            let place = (at * self.stride + tap).checked_sub(self.before[axis])?;
            (place < self.input[axis]).then_some(place)
        };
        for y in 0..self.output[0] {
            let Some(from) = place(y, tap / self.kernel, 0) else { continue };
            for x in 0..self.output[1] {
                if let Some(column) = place(x, tap % self.kernel, 1) {
                    see(y * self.output[1] + x, from * self.input[1] + column);
                }
            }
        }
    }
}

/// A dense convolution, or a depthwise one.
pub(super) fn conv(x: &Array, weight: &Array, bias: Option<&Array>, with: &Attributes<'_>) -> Option<Array> {
    let ([batch, channels, height, width], [outputs, inputs, kernel, _]) = (x.map_shape()?, weight.map_shape()?);
    let window = Window::of([height, width], kernel, with)?;
    let dense = with.int("group", 1) == 1 && inputs == channels;
    let depthwise = with.int("group", 1) == channels && inputs == 1 && outputs == channels;
    if !(dense || depthwise) || bias.is_some_and(|bias| bias.shape != [outputs]) {
        return None;
    }
    let mut data = Vec::with_capacity(batch * outputs * window.pixels());
    for image in x.data.chunks_exact((channels * height * width).max(1)) {
        data.extend(if dense { of_all(image, weight, &window) } else { of_each(image, weight, &window) });
    }
    if let Some(bias) = bias {
        for (at, plane) in data.chunks_exact_mut(window.pixels()).enumerate() {
            plane.iter_mut().for_each(|value| *value += bias.data[at % outputs]);
        }
    }
    Some(Array::new(vec![batch, outputs, window.output[0], window.output[1]], data))
}

/// Each output channel of an image sees all channels.
fn of_all(image: &[f32], weight: &Array, window: &Window) -> Vec<f32> {
    let (outputs, taps, pixels) = (weight.shape[0], window.kernel * window.kernel, window.pixels());
    let depth = weight.shape[1] * taps;
    let area = window.input[0] * window.input[1];
    let mut windows = vec![0.0; depth * pixels];
    threads::current().for_each_chunk(&mut windows, pixels, |row, to| {
        let from = &image[row / taps * area..][..area];
        window.for_each(row % taps, |at, place| to[at] = from[place]);
    });
    // Rows of the result that a task computes.
    const ROWS: usize = 16;
    let mut out = vec![0.0; outputs * pixels];
    threads::current().for_each_chunk(&mut out, ROWS * pixels, |task, out| {
        let rows = out.len() / pixels;
        let filters = Matrix::new(&weight.data[task * ROWS * depth..], rows, depth);
        out.copy_from_slice(&product(filters, Matrix::new(&windows, depth, pixels)));
    });
    out
}

/// Each output channel of an image sees its own channel.
fn of_each(image: &[f32], weight: &Array, window: &Window) -> Vec<f32> {
    let taps = window.kernel * window.kernel;
    let area = window.input[0] * window.input[1];
    let mut out = vec![0.0; weight.shape[0] * window.pixels()];
    threads::current().for_each_chunk(&mut out, window.pixels(), |channel, out| {
        let from = &image[channel * area..][..area];
        for (tap, value) in weight.data[channel * taps..][..taps].iter().enumerate() {
            window.for_each(tap, |at, place| out[at] += value * from[place]);
        }
    });
    out
}

/// `x · weightᵀ + bias`.
pub(super) fn gemm(x: &Array, weight: &Array, bias: &Array) -> Option<Array> {
    let (&[batch, inputs], &[outputs, of_weight]) = (&x.shape[..], &weight.shape[..]) else { return None };
    if inputs != of_weight || bias.shape != [outputs] {
        return None;
    }
    let rows = Matrix::new(&x.data, batch, inputs);
    let mut data = product(rows, Matrix::new(&weight.data, outputs, inputs).transposed());
    data.chunks_exact_mut(outputs.max(1)).for_each(|row| {
        row.iter_mut().zip(&bias.data).for_each(|(value, bias)| *value += bias);
    });
    Some(Array::new(vec![batch, outputs], data))
}
