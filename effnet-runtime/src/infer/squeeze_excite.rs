//! Squeeze-and-excitation: from sums over an image's pixels to a factor for each channel.

#[cfg(test)]
mod tests;

use crate::weights::Result;
use effnet_kernels::activation;
use effnet_kernels::buffer::Buffer;
use effnet_kernels::dot::dot;
use effnet_kernels::gates::{BLOCK, gates_of_block};
use effnet_kernels::simd::{Arch, Kernel, Level};
use effnet_spec::{Activation, Gate, plan};

use super::fold::{Named, Source, read_all};

/// Weights, for channels that are rounded up to whole chunks.
#[derive(Debug)]
pub(super) struct SqueezeExcite {
    pub channels: usize,
    pub squeezed: usize,
    /// `[S, C]`
    reduce: Buffer,
    reduce_bias: Vec<f32>,
    /// `[blocks, S, BLOCK]`, the channels' last block filled up with zeros: the weights of a block's gates lie
    /// together.
    expand: Buffer,
    /// `[blocks, BLOCK]`
    expand_bias: Buffer,
    activation: Activation,
    gate: Gate,
}

impl SqueezeExcite {
    /// `padded` counts the channels that only fill up a chunk, too. The functions are the inner non-linearity, and what
    /// opens the gate.
    pub(super) fn new(
        source: &dyn Source,
        (name, layer): Named<'_, plan::SqueezeExcite>,
        padded: usize,
    ) -> Result<Self> {
        let plan::SqueezeExcite { channels, squeezed, activation, gate } = *layer;
        let [reduce_weight, reduce_bias, expand_weight, bias] = read_all(source, name, &layer.params())?;
        let in_blocks = channels.next_multiple_of(BLOCK);
        let (mut reduce, mut expand) = (Buffer::zeros(squeezed * padded), Buffer::zeros(squeezed * in_blocks));
        for s in 0..squeezed {
            reduce[s * padded..][..channels].copy_from_slice(&reduce_weight[s * channels..][..channels]);
            for c in 0..channels {
                expand[(c / BLOCK * squeezed + s) * BLOCK + c % BLOCK] = expand_weight[c * squeezed + s];
            }
        }
        let mut expand_bias = Buffer::zeros(in_blocks);
        expand_bias[..channels].copy_from_slice(&bias);
        Ok(Self { channels: padded, squeezed, reduce, reduce_bias, expand, expand_bias, activation, gate })
    }

    /// Multiply-accumulates of an image.
    pub(super) fn macs(&self) -> usize {
        2 * self.squeezed * self.channels
    }

    /// Floats that [`SqueezeExcite::gates_of`] needs.
    pub(super) fn scratch(&self) -> usize {
        self.channels + self.squeezed
    }

    /// The factors of an image's channels, in `scratch`.
    pub(super) fn gates_of<'a>(&self, level: Level, image: &[f32], pixels: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let (sums, scratch) = scratch.split_at_mut(self.channels);
        let squeezed = &mut scratch[..self.squeezed];
        sum_pixels(image, sums);
        self.squeeze(level, sums, pixels, 0, squeezed);
        self.gates(level, squeezed, 0, sums);
        sums
    }

    /// The squeezed layer, from its element `first` on, of an image with these sums over `pixels`.
    pub(super) fn squeeze(&self, level: Level, sums: &[f32], pixels: usize, first: usize, out: &mut [f32]) {
        for (s, out) in (first..).zip(out) {
            let weight = &self.reduce[s * self.channels..][..self.channels];
            let sum = dot(level, weight, sums);
            *out = activation::value(self.activation, self.reduce_bias[s] + sum / pixels as f32);
        }
    }

    /// The factors of the channels from `first` on, which is the first of a block.
    pub(super) fn gates(&self, level: Level, squeezed: &[f32], first: usize, gates: &mut [f32]) {
        assert!(first.is_multiple_of(BLOCK), "gates from the midst of a block on");
        let blocks = self.expand.chunks_exact(self.squeezed * BLOCK).zip(self.expand_bias.chunks_exact(BLOCK));
        for ((weight, bias), gates) in blocks.skip(first / BLOCK).zip(gates.chunks_mut(BLOCK)) {
            gates_of_block(level, self.gate, weight, squeezed, bias, gates);
        }
    }
}

/// Sums an image over its pixels and its border, which is zeros.
fn sum_pixels(image: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for pixel in image.chunks_exact(sums.len()) {
        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
    }
}

/// Multiplies each pixel's channels by the factors, in place.
pub(super) fn scale(level: Level, pixels: &mut [f32], gates: &[f32]) {
    level.run(Scale { pixels, gates });
}

struct Scale<'a> {
    pixels: &'a mut [f32],
    gates: &'a [f32],
}

impl Kernel for Scale<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, _: A) {
        for pixel in self.pixels.chunks_exact_mut(self.gates.len()) {
            for (value, gate) in pixel.iter_mut().zip(self.gates) {
                *value *= gate;
            }
        }
    }
}
