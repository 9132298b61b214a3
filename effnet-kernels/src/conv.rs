//! A dense convolution of an area of a map, directly or by Winograd's algorithm.

use effnet_spec::Activation;

use crate::Precision;
use crate::cut::Cut;
use crate::gemm::{self, Packed};
use crate::simd::Level;
use crate::view::{View, ViewMut};
use crate::window_order::transposed;
use crate::winograd::{self, TILE, Winograd};

/// A convolution's weights and bias, packed for the algorithm that computes it.
#[derive(Clone, Debug)]
pub enum ConvWeights {
    /// A product of windows and weights.
    Direct(Packed),
    /// 3×3 at stride 1.
    Winograd(Winograd),
}

impl ConvWeights {
    /// Packs weights `[O, I, k, k]` and a bias for each output channel, for maps in a number format.
    ///
    /// # Panics
    /// When the sizes do not fit each other, or a direct convolution in bf16 has an odd depth.
    pub fn new(
        level: Level,
        precision: Precision,
        weight: &[f32],
        in_channels: usize,
        (kernel, stride): (usize, usize),
        bias: &[f32],
    ) -> Self {
        if Self::is_winograd(kernel, stride) {
            return Self::Winograd(Winograd::new(level, precision, weight, in_channels, bias));
        }
        let rows = transposed(weight, in_channels, kernel * kernel);
        Self::Direct(Packed::in_precision(level, precision, &rows, bias.len(), bias))
    }

    /// Whether Winograd's algorithm computes a convolution.
    pub fn is_winograd(kernel: usize, stride: usize) -> bool {
        (kernel, stride) == (3, 1)
    }

    /// The number format of the maps that it reads: Winograd's algorithm turns f32 into integers itself.
    pub fn reads(&self) -> Precision {
        match self {
            Self::Direct(packed) => packed.precision(),
            Self::Winograd(_) => Precision::F32,
        }
    }

    /// Channels of the output.
    pub fn out_channels(&self) -> usize {
        match self {
            Self::Direct(packed) => packed.columns(),
            Self::Winograd(winograd) => winograd.out_channels(),
        }
    }

    /// Multiply-accumulates of an output pixel, counted as a direct convolution has them.
    pub fn macs(&self) -> usize {
        match self {
            Self::Direct(packed) => packed.macs(),
            Self::Winograd(winograd) => 9 * winograd.in_channels() * winograd.out_channels(),
        }
    }

    /// How an output is cut into areas: lines of about `pixels`, or rectangles of whole tiles.
    pub fn cut(&self, output: (usize, usize), pixels: usize) -> Cut {
        match self {
            Self::Direct(_) => Cut::lines(output, pixels),
            Self::Winograd(winograd) => winograd.cut(output),
        }
    }

    /// Height and width of the output that windows must be there for, to compute an area of this size.
    pub fn reach(&self, (height, width): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Direct(_) => (height, width),
            Self::Winograd(_) => (height.next_multiple_of(TILE), width.next_multiple_of(TILE)),
        }
    }

    /// Floats of scratch memory that an area of the [`ConvWeights::cut`] of an output needs.
    pub fn scratch(&self, output: (usize, usize)) -> usize {
        match self {
            Self::Direct(_) => 0,
            Self::Winograd(winograd) => winograd.scratch(output),
        }
    }
}

/// The convolution of an area: `out = f(windows · weights + bias) + residual`.
pub struct Convolution<'a> {
    /// The weights.
    pub weights: &'a ConvWeights,
    /// Lines and pixels of the output.
    pub size: (usize, usize),
    /// Windows of the input, one for each output pixel that [`ConvWeights::reach`] counts.
    pub x: View<'a>,
    /// Height of a window, and floats from one of its lines to the next.
    pub window: (usize, usize),
    /// Pixels of the output.
    pub out: ViewMut<'a>,
    /// The map that is added behind the activation.
    pub residual: Option<View<'a>>,
    /// Activation of the output.
    pub activation: Option<Activation>,
}

impl Convolution<'_> {
    /// Computes it, on the calling thread, with [`ConvWeights::scratch`] memory of unspecified content.
    ///
    /// # Panics
    /// When a slice is too short, or the weights are packed for another level.
    ///
    /// # Safety
    /// While it runs, nobody else may access the output's pixels, nor write those of `x` and the residual.
    pub unsafe fn run(self, level: Level, scratch: &mut [f32]) {
        let Self { size, x, window: (segments, segment_stride), out, residual, activation, .. } = self;
        // SAFETY: the caller keeps others from the output's pixels, and from writing what is read.
        unsafe {
            match self.weights {
                ConvWeights::Direct(weights) => {
                    gemm::Job {
                        segments,
                        segment_stride,
                        residual,
                        activation,
                        ..gemm::Job::new(weights, size, x, out)
                    }
                    .run(level);
                }
                ConvWeights::Winograd(weights) => {
                    let tiles = (size.0.div_ceil(TILE), size.1.div_ceil(TILE));
                    winograd::Job { weights, tiles, x, size, out, residual, activation }.run(level, scratch);
                }
            }
        }
    }
}
