//! Batch normalisation, activation and residual in one pass each way.
//!
//! With `ẑ = (z - mean) · inv_std` and `u = γ·ẑ + β`:
//!
//! ```text
//! y  = residual + branch · f(u)                              branch: a factor for each image, 1 without drop path
//! g  = branch · dy · f'(u)
//! dβ = Σ g,   dγ = Σ g · ẑ
//! dz = γ · inv_std · (g - dβ/m - ẑ · dγ/m)                    the last two terms only for a batch's own statistics
//! ```
//!
//! Where statistics are synchronised, m, and dβ and dγ in these two terms, are those of all ranks' pixels.

pub(crate) mod statistics;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use candle_core::Result;
use effnet_kernels::activation::{Function, with_function};
use effnet_kernels::simd::{Arch, Kernel, Level};
use effnet_kernels::threads;
use effnet_spec::Activation;

use super::parts::sum_of_parts;
use super::{for_each_pixels, pixels_of_task};
use crate::backend::synchronised::sums_of_all;
use crate::collective::Collective;

/// A normalisation, as it applies to `z`.
#[derive(Clone, Debug)]
pub(crate) struct Normalisation {
    pub mean: Vec<f32>,
    pub inv_std: Vec<f32>,
    /// `γ · inv_std`.
    pub scale: Vec<f32>,
    /// `β`.
    pub shift: Vec<f32>,
    /// Pixels whose statistics these are; `None` for running statistics, and those of other ranks, through which no
    /// gradient flows.
    pub count: Option<usize>,
    /// The ranks whose pixels these are, where they are synchronised.
    pub ranks: Option<Arc<dyn Collective>>,
}

impl Normalisation {
    /// The normalisation by statistics and the learned scale and shift.
    pub(crate) fn new(
        mean: &[f32],
        variance: &[f32],
        gamma: &[f32],
        beta: &[f32],
        eps: f64,
        count: Option<usize>,
    ) -> Self {
        let inv_std: Vec<f32> = variance.iter().map(|v| (1.0 / (f64::from(*v) + eps).sqrt()) as f32).collect();
        let scale: Vec<f32> = inv_std.iter().zip(gamma).map(|(s, g)| s * g).collect();
        Self { mean: mean.to_vec(), shift: beta.to_vec(), inv_std, scale, count, ranks: None }
    }
}

/// The residual that is added to the result, and the factors that scale the result first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Residual<'a> {
    /// The residual, of as many elements as `z`.
    pub values: &'a [f32],
    /// A factor for each image.
    pub branch: &'a [f32],
}

/// `out = y`, of `z`.
pub(crate) fn forward(
    level: Level,
    z: &[f32],
    out: &mut [f32],
    norm: &Normalisation,
    activation: Option<Activation>,
    residual: Option<Residual<'_>>,
) {
    let channels = norm.scale.len();
    let rows_of_image = residual.map_or(1, |residual| out.len() / channels / residual.branch.len());
    for_each_pixels(out, channels, |first, out| {
        with_function!(activation, F => level.run(Apply::<F> {
            z: &z[first * channels..][..out.len()], out, norm, residual, first, rows_of_image, function: PhantomData,
        }));
    });
}

struct Apply<'a, F> {
    z: &'a [f32],
    out: &'a mut [f32],
    norm: &'a Normalisation,
    residual: Option<Residual<'a>>,
    first: usize,
    rows_of_image: usize,
    function: PhantomData<F>,
}

impl<F: Function> Kernel for Apply<'_, F> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let channels = self.norm.scale.len();
        let Normalisation { mean, scale, shift, .. } = self.norm;
        let (mean, scale, shift) = (&mean[..channels], &scale[..channels], &shift[..channels]);
        for (at, (row, z)) in self.out.chunks_exact_mut(channels).zip(self.z.chunks_exact(channels)).enumerate() {
            match self.residual {
                None => {
                    for c in 0..channels {
                        row[c] = F::value(arch, arch.mul_add(z[c] - mean[c], scale[c], shift[c]));
                    }
                }
                Some(residual) => {
                    let at = self.first + at;
                    let branch = residual.branch[at / self.rows_of_image];
                    let added = &residual.values[at * channels..(at + 1) * channels];
                    for c in 0..channels {
                        let value = F::value(arch, arch.mul_add(z[c] - mean[c], scale[c], shift[c]));
                        row[c] = arch.mul_add(branch, value, added[c]);
                    }
                }
            }
        }
    }
}

/// The gradient of a normalisation's result, apart from its values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfResult<'a> {
    /// A factor, and a number to add to the product, applied where the gradient is read: `[N, C]` each, the same for
    /// all pixels of an image.
    pub affine: Option<[&'a [f32]; 2]>,
    /// A factor for each image, where the result is a branch that has one.
    pub branch: Option<&'a [f32]>,
}

/// The gradients of γ and β from that of `y`, whose values are in `grad`, or in `dz` where `grad` is none. The gradient
/// of `z` is written to `dz`.
///
/// Two passes, with `g` in `dz` between them: computing it in both takes twice as long, wherever maps fit a cache.
///
/// # Errors
/// When a rank fails that the statistics are synchronised with.
pub(crate) fn backward(
    level: Level,
    z: &[f32],
    grad: Option<&[f32]>,
    of_result: OfResult<'_>,
    norm: &Normalisation,
    activation: Option<Activation>,
    dz: &mut [f32],
) -> Result<[Vec<f32>; 2]> {
    let channels = norm.scale.len();
    let rows = pixels_of_task(channels);
    let total = z.len() / channels;
    let images = match of_result {
        OfResult { affine: Some(affine), .. } => affine[0].len() / channels,
        OfResult { branch, .. } => branch.map_or(1, <[f32]>::len),
    };
    let rows_of_image = total / images;
    let mut parts = vec![0f32; total.div_ceil(rows) * 2 * channels];
    threads::current().for_each_chunk_pair(dz, rows * channels, &mut parts, 2 * channels, |at, dz, part| {
        let first = at * rows;
        let range = first * channels..first * channels + dz.len();
        let (beta, gamma) = part.split_at_mut(channels);
        let (z, grad) = (&z[range.clone()], grad.map(|grad| &grad[range]));
        with_function!(activation, F => level.run(Sums::<F> {
            z, grad, dz, beta, gamma, norm, of_result, first, rows_of_image, function: PhantomData,
        }));
    });
    let sums: Vec<f64> = sum_of_parts(&parts, 2 * channels);
    let of_pixels = match &norm.ranks {
        Some(ranks) => Cow::Owned(sums_of_all(ranks.as_ref(), &sums)?),
        None => Cow::Borrowed(&sums),
    };
    // dz = scale · g - constant - slope · (z - mean)
    let share = norm.count.map_or(0.0, |count| 1.0 / count as f64);
    let per_channel = |sum: &[f64], factor: &[f32]| -> Vec<f32> {
        sum.iter()
            .zip(factor)
            .zip(&norm.scale)
            .map(|((s, f), k)| (s * share * f64::from(*f) * f64::from(*k)) as f32)
            .collect()
    };
    let constant = per_channel(&of_pixels[..channels], &vec![1.0; channels]);
    let slope = per_channel(&of_pixels[channels..], &norm.inv_std);
    for_each_pixels(dz, channels, |first, dz| {
        let z = &z[first * channels..][..dz.len()];
        level.run(Finish { z, dz, norm, constant: &constant, slope: &slope });
    });
    let (beta, gamma) = sums.split_at(channels);
    Ok([gamma, beta].map(|sums| sums.iter().map(|sum| *sum as f32).collect()))
}

/// `dz = g`, and the sums of `g` and `g · ẑ`.
struct Sums<'a, F> {
    z: &'a [f32],
    /// `None` where it is in `dz`.
    grad: Option<&'a [f32]>,
    dz: &'a mut [f32],
    beta: &'a mut [f32],
    gamma: &'a mut [f32],
    norm: &'a Normalisation,
    of_result: OfResult<'a>,
    /// Where the pixels are among all.
    first: usize,
    rows_of_image: usize,
    function: PhantomData<F>,
}

impl<F: Function> Kernel for Sums<'_, F> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let channels = self.norm.scale.len();
        let Normalisation { mean, inv_std, scale, shift, .. } = self.norm;
        let [mean, inv_std, scale, shift] = [mean, inv_std, scale, shift].map(|row| &row[..channels]);
        let (beta, gamma) = (&mut self.beta[..channels], &mut self.gamma[..channels]);
        for (at, (dz, z)) in self.dz.chunks_exact_mut(channels).zip(self.z.chunks_exact(channels)).enumerate() {
            let image = (self.first + at) / self.rows_of_image;
            let branch = self.of_result.branch.map_or(1.0, |branch| branch[image]);
            let affine = self.of_result.affine.map(|affine| affine.map(|all| &all[image * channels..][..channels]));
            macro_rules! row {
                ($c:ident => $grad:expr) => {
                    for $c in 0..channels {
                        let centred = z[$c] - mean[$c];
                        let u = arch.mul_add(centred, scale[$c], shift[$c]);
                        let g = branch * $grad * F::derivative(arch, u);
                        dz[$c] = g;
                        beta[$c] += g;
                        gamma[$c] = arch.mul_add(g, centred * inv_std[$c], gamma[$c]);
                    }
                };
            }
            match (self.grad, affine) {
                (None, None) => row!(c => dz[c]),
                (None, Some([factor, added])) => row!(c => arch.mul_add(dz[c], factor[c], added[c])),
                (Some(grad), affine) => {
                    let grad = &grad[at * channels..][..channels];
                    match affine {
                        None => row!(c => grad[c]),
                        Some([factor, added]) => row!(c => arch.mul_add(grad[c], factor[c], added[c])),
                    }
                }
            }
        }
    }
}

/// Turns `g` into the gradient of `z`.
struct Finish<'a> {
    z: &'a [f32],
    dz: &'a mut [f32],
    norm: &'a Normalisation,
    constant: &'a [f32],
    slope: &'a [f32],
}

impl Kernel for Finish<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let channels = self.norm.scale.len();
        let (mean, scale) = (&self.norm.mean[..channels], &self.norm.scale[..channels]);
        let (constant, slope) = (&self.constant[..channels], &self.slope[..channels]);
        for (dz, z) in self.dz.chunks_exact_mut(channels).zip(self.z.chunks_exact(channels)) {
            for c in 0..channels {
                let centred = arch.mul_add(mean[c] - z[c], slope[c], -constant[c]);
                dz[c] = arch.mul_add(dz[c], scale[c], centred);
            }
        }
    }
}
