//! The gradient of a layer's result, on its way to the layer in front.

use std::borrow::Borrow;

use effnet_kernels::simd::{Arch, Kernel, Level};
use effnet_kernels::threads;

use super::pooled::Pooled;
use super::scratch::with_scratch;
use super::{TASK_FLOATS, for_each_pixels};

/// A gradient that a layer left.
pub(crate) struct OwnGrad {
    pub values: Pooled,
    /// A factor, and a number to add to the product, for each channel of each image: `[N, C]`. A squeeze-and-excitation
    /// leaves them to the layer in front, which applies them where it reads, instead of passing over the map once more.
    pub affine: Option<[Vec<f32>; 2]>,
}

impl From<Pooled> for OwnGrad {
    fn from(values: Pooled) -> Self {
        Self { values, affine: None }
    }
}

/// The values without `affine`: only a gradient that [`Backend::written`](crate::backend::Backend::written) has made
/// whole may be lent.
impl Borrow<[f32]> for OwnGrad {
    fn borrow(&self) -> &[f32] {
        &self.values
    }
}

impl OwnGrad {
    /// The gradient of a map of `channels`, with the factor and the sum applied.
    pub(super) fn written(self, level: Level, channels: usize) -> Self {
        let Self { mut values, affine } = self;
        if let Some([factor, added]) = affine {
            let rows_of_image = values.len() / factor.len();
            for_each_pixels(&mut values, channels, |first, values| {
                with_scratch(channels, |row| {
                    level.run(Scale { values, row, factor: &factor, added: &added, first, rows_of_image });
                });
            });
        }
        Self::from(values)
    }
}

/// `to += values`.
pub(super) fn add(to: &mut [f32], values: &[f32]) {
    threads::current().for_each_chunk(to, TASK_FLOATS, |at, to| {
        to.iter_mut().zip(&values[at * TASK_FLOATS..]).for_each(|(to, value)| *to += value);
    });
}

/// `value · factor + added`, in place.
struct Scale<'a> {
    values: &'a mut [f32],
    /// Room for a pixel.
    row: &'a mut [f32],
    factor: &'a [f32],
    added: &'a [f32],
    first: usize,
    rows_of_image: usize,
}

impl Kernel for Scale<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let channels = self.row.len();
        for (at, values) in self.values.chunks_exact_mut(channels).enumerate() {
            self.row.copy_from_slice(values);
            let image = (self.first + at) / self.rows_of_image * channels;
            let [factor, added] = [self.factor, self.added].map(|all| &all[image..image + channels]);
            for c in 0..channels {
                values[c] = arch.mul_add(self.row[c], factor[c], added[c]);
            }
        }
    }
}
