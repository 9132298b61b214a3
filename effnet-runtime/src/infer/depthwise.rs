//! A depthwise convolution, by planes of a few channels.

use crate::backend::window::Window;
use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Buffer;
use effnet_kernels::depthwise::{CHANNELS, Plane};
use effnet_kernels::simd::Level;
use effnet_spec::Activation;
use effnet_spec::plan::Conv;

use super::Conventions;
use super::conv::Input;
use super::fold::{Named, Source, fold};
use super::map::{Border, Map};

/// A depthwise convolution with bias and activation, its channels filled up to whole planes with zeros.
#[derive(Debug)]
pub(super) struct Depthwise {
    /// `[plane, tap, CHANNELS]`
    weight: Buffer,
    /// `[plane, CHANNELS]`
    bias: Buffer,
    pub channels: usize,
    pub window: Window,
    activation: Option<Activation>,
}

impl Depthwise {
    pub(super) fn new(source: &dyn Source, layer: Named<'_, Conv>, with: &Conventions) -> Result<Self> {
        let Conv { out_channels, kernel, stride, activation, .. } = *layer.1;
        if !matches!((kernel, stride), (3 | 5 | 7, 1 | 2)) {
            return Err(candle_core::Error::msg(format!(
                "the engine has no depthwise convolution of {kernel} × {kernel} pixels and stride {stride}, as `{}` is: \
                 take a side of 3, 5 or 7, and a stride of 1 or 2",
                layer.0
            ))
            .into());
        }
        let (taps, padded) = (kernel * kernel, out_channels.next_multiple_of(CHANNELS));
        let folded = fold(source, layer, with.eps)?;
        let (mut weight, mut bias) = (Buffer::zeros(padded * taps), Buffer::zeros(padded));
        bias[..out_channels].copy_from_slice(&folded.bias);
        for (channel, kernel) in folded.weight.chunks_exact(taps).enumerate() {
            let (plane, lane) = (channel / CHANNELS, channel % CHANNELS);
            for (tap, value) in kernel.iter().enumerate() {
                weight[(plane * taps + tap) * CHANNELS + lane] = *value;
            }
        }
        let window = Window { kernel, stride, padding: with.padding };
        Ok(Self { weight, bias, channels: out_channels, window, activation })
    }

    pub(super) fn planes(&self) -> usize {
        self.bias.len() / CHANNELS
    }

    /// Multiply-accumulates of an output pixel.
    pub(super) fn macs(&self) -> usize {
        self.weight.len()
    }

    /// A plane of its input, with its border.
    pub(super) fn plane(&self, size: (usize, usize)) -> Map {
        Map { size, channels: CHANNELS, border: Border::of_window(self.window, size) }
    }

    /// Convolves the plane number `plane`, `x` with its border, on the calling thread. `precision` is that of what
    /// reads `out`.
    pub(super) fn run(
        &self,
        (level, precision): (Level, Precision),
        plane: usize,
        (x, map): (&[f32], Map),
        out: &mut [f32],
        sums: &mut [f32],
    ) {
        let Window { kernel, stride, .. } = self.window;
        let taps = kernel * kernel;
        Plane {
            kernel,
            stride,
            x,
            x_width: map.line() / CHANNELS,
            weight: &self.weight[plane * taps * CHANNELS..][..taps * CHANNELS],
            bias: &self.bias[plane * CHANNELS..][..CHANNELS],
            size: self.window.output(map.size),
            out,
            sums,
            activation: self.activation,
            precision,
        }
        .run(level);
    }
}

/// Copies a plane's channels of an image to `out`, a plane with a border.
pub(super) fn load_plane(x: Input<'_>, image: usize, plane: usize, out: &mut [f32], map: Map) {
    let first = plane * CHANNELS;
    let count = CHANNELS.min(x.map.channels - first);
    let (height, width) = map.size;
    for y in 0..height {
        let (from, to) = (x.map.pixels(image, y, 0), map.pixels(0, y, 0));
        for column in 0..width {
            let pixel = &mut out[to.start + column * to.row..][..CHANNELS];
            pixel[..count].copy_from_slice(&x.data[from.start + column * from.row + first..][..count]);
            pixel[count..].fill(0.0);
        }
    }
}
