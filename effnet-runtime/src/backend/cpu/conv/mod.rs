//! Dense two-dimensional convolution in its three directions.
//!
//! ```text
//! forward          out[pixel, o]      = Σ window(x)[pixel, (tap, i)] · w[o, (tap, i)]
//! input gradient   dx[pixel, i]       = Σ window(dout)[pixel, (tap, o)] · w[(tap, o), i]     for each phase of the stride
//! weight gradient  dw[o, (tap, i)]    = Σ dout[pixel, o] · window(x)[pixel, (tap, i)]
//! ```
//!
//! Weights are packed anew each time: a training step changes them.

mod correlate;
pub(super) mod pack;
#[cfg(test)]
pub(crate) mod tests;
mod weight_gradient;

use effnet_kernels::Precision;
use effnet_kernels::conv::ConvWeights;
use effnet_kernels::gather::{Gather, Target};
use effnet_kernels::gemm::Packed;
use effnet_kernels::simd::Level;
use effnet_kernels::window_order::transposed;
use effnet_kernels::winograd::weight_gradient::{Map, WeightGradient};

use super::norm_act::statistics::PartMoments;
use super::pooled::Pooled;
use super::source::Source;
use crate::backend::window::Geometry;
use correlate::Correlation;
use weight_gradient::weight_gradient;

pub(super) fn forward_gather(geometry: &Geometry) -> Gather {
    Gather {
        source: geometry.input,
        channels: geometry.in_channels,
        grid: geometry.output,
        stride: geometry.stride,
        start: (-(geometry.before.0 as isize), -(geometry.before.1 as isize)),
        taps: (geometry.kernel, geometry.kernel),
    }
}

/// `out = x ∗ weight`, and the moments of its channels where they are wanted: `x` is `[N, H, W, I]`, `weight`
/// `[O, I, k, k]`.
pub(super) fn forward(
    level: Level,
    geometry: &Geometry,
    x: Source<'_>,
    weight: &[f32],
    out: &mut [f32],
    wants_moments: bool,
) -> Option<PartMoments> {
    let Geometry { in_channels, out_channels, kernel, stride, .. } = *geometry;
    let zeros = vec![0.0; out_channels];
    let weights = ConvWeights::new(level, Precision::F32, weight, in_channels, (kernel, stride), &zeros);
    let target = Target::plain(geometry.output, out_channels);
    let gather = &forward_gather(geometry);
    Correlation { level, gather, source: x, batch: geometry.batch, target }.run(&weights, out, wants_moments)
}

/// The gradient of `x`, from that of the output, `[N, H', W', O]`.
pub(super) fn backward_input(level: Level, geometry: &Geometry, grad: &[f32], weight: &[f32], out: &mut [f32]) {
    let Geometry { in_channels, out_channels, kernel, stride, .. } = *geometry;
    let zeros = vec![0.0; in_channels];
    let phases = pack::phases(geometry);
    // Pixels that no tap reaches have no gradient.
    if phases.iter().any(|phase| phase.gather.patch() == 0) {
        out.fill(0.0);
    }
    for phase in phases {
        if phase.gather.patch() == 0 {
            continue;
        }
        let weights = if ConvWeights::is_winograd(kernel, stride) {
            let turned = pack::turned(weight, geometry);
            ConvWeights::new(level, Precision::F32, &turned, out_channels, (kernel, stride), &zeros)
        } else {
            ConvWeights::Direct(Packed::from_matrix(level, &phase.matrix(weight, geometry), in_channels, &zeros))
        };
        let target = phase.target(geometry);
        let gather = &phase.gather;
        let source = Source::plain(grad, out_channels);
        Correlation { level, gather, source, batch: geometry.batch, target }.run(&weights, out, false);
    }
}

/// The gradient of the weight `[O, I, k, k]`, from `x` and the gradient of the output.
pub(super) fn backward_weight(level: Level, geometry: &Geometry, x: Source<'_>, grad: &[f32]) -> Vec<f32> {
    let Geometry { batch, input, output, before, in_channels, out_channels, kernel, stride, .. } = *geometry;
    let gather = &forward_gather(geometry);
    let written = (x.as_plain().is_none() && !gather.is_identity()).then(|| x.to_map(level));
    let x = written.as_ref().map_or(x, |map| Source::plain(map, in_channels));
    if let Some(x) = x.as_plain().filter(|_| ConvWeights::is_winograd(kernel, stride)) {
        let x = Map { values: x, size: input, channels: in_channels };
        let grad = Map { values: grad, size: output, channels: out_channels };
        let job = WeightGradient { batch, x, before, grad };
        let (planes, sums) = job.scratch(level);
        return job.run(level, &mut Pooled::new(planes), &mut Pooled::new(sums));
    }
    let gradient = weight_gradient(level, gather, x, grad, out_channels);
    transposed(gradient, kernel * kernel, in_channels).into_owned()
}
