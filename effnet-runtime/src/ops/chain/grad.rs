//! The gradient of a part's result, on its way to the part in front.

use std::ops::Deref;

use effnet_kernels::simd::{Arch, Kernel, Level};
use effnet_kernels::threads;

use crate::ops::pooled::Pooled;
use crate::ops::scratch::with_scratch;

/// Floats that a task passes over.
const TASK_FLOATS: usize = 1 << 15;

/// The gradient of a part's result: candle's, or that of the part behind.
pub(in crate::ops) enum Grad<'a> {
    Borrowed(&'a [f32]),
    Own(OwnGrad),
}

impl Grad<'_> {
    /// Whether something is still to be done to the values.
    pub(in crate::ops) fn is_affine(&self) -> bool {
        matches!(self, Grad::Own(OwnGrad { affine: Some(_), .. }))
    }
}

impl Deref for Grad<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Grad::Borrowed(grad) => grad,
            Grad::Own(grad) => &grad.values,
        }
    }
}

/// A gradient that a part left.
pub(in crate::ops) struct OwnGrad {
    pub values: Pooled,
    /// A factor, and what is added then, for each channel of each image: the part in front does it where it reads.
    pub affine: Option<[Vec<f32>; 2]>,
}

impl OwnGrad {
    /// The values of a map of so many channels, with all done that was to be done.
    pub(in crate::ops) fn written(self, channels: usize) -> Pooled {
        let Self { mut values, affine } = self;
        if let Some([factor, added]) = affine {
            let (level, rows) = (Level::current(), (TASK_FLOATS / channels).max(1));
            let rows_of_image = values.len() / factor.len();
            threads::current().for_each_chunk(&mut values, rows * channels, |at, values| {
                let first = at * rows;
                with_scratch(channels, |row| {
                    level.run(Scale { values, row, factor: &factor, added: &added, first, rows_of_image });
                });
            });
        }
        values
    }
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
