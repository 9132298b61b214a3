//! Dense two-dimensional convolution in its three directions.
//!
//! ```text
//! forward          out[pixel, o]      = Σ window(x)[pixel, (tap, i)] · w[o, (tap, i)]
//! input gradient   dx[pixel, i]       = Σ window(dout)[pixel, (tap, o)] · w[(tap, o), i]     for each phase of the stride
//! weight gradient  dw[o, (tap, i)]    = Σ dout[pixel, o] · window(x)[pixel, (tap, i)]
//! ```

mod correlate;
pub(super) mod pack;
#[cfg(test)]
pub(crate) mod tests;
mod weight_gradient;

use effnet_kernels::Precision;
use effnet_kernels::gather::{Gather, Target};
use effnet_kernels::gemm::Packed;
use effnet_kernels::simd::Level;
use effnet_kernels::window_order::by_window;
use effnet_kernels::winograd::Winograd;
use effnet_kernels::winograd::weight_gradient::{Map, WeightGradient};

use super::norm_act::statistics::PartMoments;
use super::pooled::Pooled;
use super::source::Source;
use crate::backend::window::Geometry;
use correlate::{Correlation, Weights};
use weight_gradient::weight_gradient;

pub(super) fn forward_gather(geometry: &Geometry) -> Gather {
    Gather {
        source: geometry.input,
        channels: geometry.in_channels,
        grid: geometry.output,
        step: geometry.stride,
        start: (-(geometry.before.0 as isize), -(geometry.before.1 as isize)),
        taps: (geometry.kernel, geometry.kernel),
    }
}

/// Whether Winograd's algorithm computes the convolution.
fn is_winograd(geometry: &Geometry) -> bool {
    geometry.kernel == 3 && geometry.stride == 1
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
    let outputs = geometry.out_channels;
    let zeros = vec![0.0; outputs];
    let weights = if is_winograd(geometry) {
        Weights::Winograd(Winograd::new(level, Precision::F32, weight, geometry.in_channels, &zeros))
    } else {
        let rows = by_window(weight, geometry.in_channels, geometry.kernel * geometry.kernel);
        Weights::Direct(Packed::from_rows(level, &rows, outputs, &zeros))
    };
    let target = Target::plain(geometry.output, outputs);
    let gather = &forward_gather(geometry);
    Correlation { level, gather, source: x, batch: geometry.batch, target }.run(&weights, out, wants_moments)
}

/// The gradient of `x`, from that of the output, `[N, H', W', O]`.
pub(super) fn backward_input(level: Level, geometry: &Geometry, grad: &[f32], weight: &[f32], out: &mut [f32]) {
    let inputs = geometry.in_channels;
    let zeros = vec![0.0; inputs];
    let phases = pack::phases(geometry);
    // Pixels that no tap reaches have no gradient.
    if phases.iter().any(|phase| phase.gather.patch() == 0) {
        out.fill(0.0);
    }
    for phase in phases {
        if phase.gather.patch() == 0 {
            continue;
        }
        let weights = if is_winograd(geometry) {
            Weights::Winograd(Winograd::new(
                level,
                Precision::F32,
                &pack::turned(weight, geometry),
                geometry.out_channels,
                &zeros,
            ))
        } else {
            Weights::Direct(Packed::from_matrix(level, &phase.matrix(weight, geometry), inputs, &zeros))
        };
        let target = phase.target(geometry);
        let gather = &phase.gather;
        let source = Source::plain(grad, geometry.out_channels);
        Correlation { level, gather, source, batch: geometry.batch, target }.run(&weights, out, false);
    }
}

/// The gradient of the weight `[O, I, k, k]`, from `x` and the gradient of the output.
pub(super) fn backward_weight(level: Level, geometry: &Geometry, x: Source<'_>, grad: &[f32]) -> Vec<f32> {
    let gather = &forward_gather(geometry);
    let written = (x.as_plain().is_none() && !gather.is_identity()).then(|| x.to_map(level));
    let x = written.as_ref().map_or(x, |map| Source::plain(map, geometry.in_channels));
    if let Some(x) = x.as_plain().filter(|_| is_winograd(geometry)) {
        let Geometry { batch, input, output, before, in_channels, out_channels, .. } = *geometry;
        let x = Map { values: x, size: input, channels: in_channels };
        let grad = Map { values: grad, size: output, channels: out_channels };
        let job = WeightGradient { batch, x, before, grad };
        let (planes, sums) = job.scratch(level);
        return job.run(level, &mut Pooled::new(planes), &mut Pooled::new(sums));
    }
    let gradient = weight_gradient(level, gather, x, grad, geometry.out_channels);
    pack::to_oihw(gradient, geometry)
}
