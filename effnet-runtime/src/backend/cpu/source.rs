//! A map as its reader sees it: in memory, or lazy.
//!
//! The operations between two convolutions are cheap to compute and costly to write: a normalisation, its activation
//! and a squeeze-and-excitation's gate are applied where the next operation reads, to pixels that stay in the cache.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::ops::Range;

use effnet_kernels::activation::{Function, with_function};
use effnet_kernels::simd::{Arch, Kernel, Level, prefetch};
use effnet_spec::Activation;

use super::for_each_pixels;
use super::norm_act::Normalisation;
use super::pooled::Pooled;
use super::scratch::with_scratch;

/// Floats of a run of pixels that stay in the L1 cache.
const RUN_FLOATS: usize = 1 << 12;

/// `gate · f(norm(values))` of a map `[N, H, W, C]`; `norm`, `f` and `gate` are each optional. It is lazy where one is
/// there: computed while it is read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    values: &'a [f32],
    channels: usize,
    norm: Option<(&'a Normalisation, Option<Activation>)>,
    /// A factor for each channel of each image.
    gate: Option<&'a [f32]>,
}

impl<'a> Source<'a> {
    /// A map as it lies in memory.
    pub(crate) fn plain(values: &'a [f32], channels: usize) -> Self {
        Self { values, channels, norm: None, gate: None }
    }

    /// A map that is normalised, and goes through a non-linearity, where it is read.
    pub(crate) fn normed(values: &'a [f32], norm: &'a Normalisation, activation: Option<Activation>) -> Self {
        Self { values, channels: norm.scale.len(), norm: Some((norm, activation)), gate: None }
    }

    /// The same map with a factor for each channel of each image, `[N, C]`.
    ///
    /// # Panics
    /// When there is a gate already.
    pub(crate) fn gated(self, gate: &'a [f32]) -> Self {
        assert!(self.gate.is_none(), "a map was given a second gate");
        Self { gate: Some(gate), ..self }
    }

    /// The values, where the map is not lazy.
    pub(crate) fn as_plain(&self) -> Option<&'a [f32]> {
        (self.norm.is_none() && self.gate.is_none()).then_some(self.values)
    }

    /// Whether there is a gate.
    pub(crate) fn is_gated(&self) -> bool {
        self.gate.is_some()
    }

    /// Its channels.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// The pixels of all images.
    pub(crate) fn pixels(&self) -> usize {
        self.values.len() / self.channels
    }

    /// Writes some channels of some pixels, one pixel after the other, on the calling thread.
    ///
    /// # Panics
    /// When there are no such pixels or channels, or `out` has another size.
    pub(crate) fn write(&self, level: Level, pixels: Range<usize>, channels: Range<usize>, out: &mut [f32]) {
        assert_eq!(out.len(), pixels.len() * channels.len(), "pixels of a map");
        assert!(channels.end <= self.channels && pixels.end <= self.pixels(), "pixels that a map does not have");
        if out.is_empty() {
            return;
        }
        let activation = self.norm.and_then(|(_, activation)| activation);
        with_function!(activation, F => level.run(Write::<F> {
            source: self, first: pixels.start, channels, out, function: PhantomData,
        }));
    }

    /// Calls `each` with all channels of some pixels, run by run, on the calling thread.
    pub(crate) fn for_each_run(&self, level: Level, pixels: Range<usize>, mut each: impl FnMut(Range<usize>, &[f32])) {
        let channels = self.channels;
        if let Some(values) = self.as_plain() {
            return each(pixels.clone(), &values[pixels.start * channels..pixels.end * channels]);
        }
        let step = (RUN_FLOATS / channels).max(1);
        with_scratch(step * channels, |run| {
            for start in pixels.clone().step_by(step) {
                let range = start..(start + step).min(pixels.end);
                let run = &mut run[..range.len() * channels];
                self.write(level, range.clone(), 0..channels, run);
                each(range, run);
            }
        });
    }

    /// The map, written out.
    pub(crate) fn to_map(self, level: Level) -> Pooled {
        let mut map = Pooled::new(self.values.len());
        for_each_pixels(&mut map, self.channels, |first, out| {
            self.write(level, first..first + out.len() / self.channels, 0..self.channels, out);
        });
        map
    }
}

/// Pixels between what is computed and what is asked for.
const AHEAD: usize = 3;

struct Write<'a, F> {
    source: &'a Source<'a>,
    first: usize,
    channels: Range<usize>,
    out: &'a mut [f32],
    function: PhantomData<F>,
}

impl<F: Function> Kernel for Write<'_, F> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self { source, first, channels, out, .. } = self;
        let count = channels.len();
        let pixels_of_image = source.gate.map_or(1, |gate| source.values.len() / gate.len());
        for (at, out) in out.chunks_exact_mut(count).enumerate() {
            let pixel = first + at;
            let z = &source.values[pixel * source.channels..][channels.clone()][..count];
            prefetch(z.as_ptr().wrapping_add(AHEAD * source.channels), count);
            match source.norm {
                None => out.copy_from_slice(z),
                Some((norm, _)) => {
                    let Normalisation { mean, scale, shift, .. } = norm;
                    let [mean, scale, shift] = [mean, scale, shift].map(|row| &row[channels.clone()][..count]);
                    for c in 0..count {
                        out[c] = F::value(arch, arch.mul_add(z[c] - mean[c], scale[c], shift[c]));
                    }
                }
            }
            if let Some(gate) = source.gate {
                let gate = &gate[pixel / pixels_of_image * source.channels..][channels.clone()][..count];
                for c in 0..count {
                    out[c] *= gate[c];
                }
            }
        }
    }
}
