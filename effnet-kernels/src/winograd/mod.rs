//! 3×3 convolution of stride 1 with a quarter of the multiplications: Winograd's F(4×4, 3×3).
//!
//! ```text
//! for a rectangle of tiles (each 4×4 pixels of the output, 6×6 of the input):
//!     planes[p][tile][i] = (Bᵀ d B)[p]                      36 planes
//!     for a chunk of output channels that leaves everything in the L2 cache:
//!         products[p][tile][o] = planes[p] · weights[p]     36 matrix products
//!         out[pixel][o] = f((Aᵀ products A)[pixel] + bias) + residual
//! ```
//!
//! Its error, some 5e-6 of the largest result, is ten times that of a direct convolution. In a pass in bf16 the products are
//! of integers of 16 bits (`shorts`).

mod output;
mod shorts;
#[cfg(test)]
mod tests;
mod transform;
pub mod weight_gradient;

use std::marker::PhantomData;

use effnet_spec::Activation;

use super::activation::with_function;
use super::buffer::{Buffer, Shared};
use super::cut::Cut;
use super::gemm::{self, Packed};
use crate::Precision;
use crate::simd::{Arch, Kernel, Level, Vector};
use crate::threads;
use crate::view::{Rows, View, ViewMut, floats};
use output::{Floats, Output};
use shorts::{Codes, Encode, FilterCodes, Integers};
use transform::{PLANES, WINDOW};

/// Side of a tile of the output, in pixels.
pub const TILE: usize = transform::TILE;

/// Floats that a rectangle's planes and products may fill: three quarters of a small L2 cache (512 KiB).
const SCRATCH: usize = 96 * 1024;

/// Most tiles of a rectangle. More do not make the products faster.
const MOST_TILES: usize = 32;

/// Output channels of a chunk.
const CHUNK: usize = if cfg!(miri) { 8 } else { 64 };

/// Floats between the end of a plane and the next: planes a multiple of 4 KiB apart would share a set of the L1 cache.
const GAP: usize = 16;

/// Filters that a task transforms.
const FILTERS: usize = 1024;

/// A 3×3 convolution's weights, transformed, and its bias.
#[derive(Clone, Debug)]
pub struct Winograd {
    in_channels: usize,
    out_channels: usize,
    /// Channels in a plane's row: `in_channels`, rounded up to whole vectors.
    stride: usize,
    planes: Vec<Packed>,
    /// The scales of the codes, in a pass in bf16.
    codes: Option<Box<Codes>>,
    bias: Buffer,
    /// Panels of a chunk of output channels.
    chunk: usize,
}

impl Winograd {
    /// Transforms weights `[O, I, 3, 3]`, with a bias for each output channel, for a pass in `precision`.
    ///
    /// # Panics
    /// When the sizes do not fit each other.
    pub fn new(level: Level, precision: Precision, weight: &[f32], in_channels: usize, bias: &[f32]) -> Self {
        let (out_channels, lanes) = (bias.len(), level.lanes());
        assert_eq!(weight.len(), out_channels * in_channels * 9, "weights of a 3×3 convolution");
        let zeros = vec![0.0; out_channels];
        let mut transformed = vec![[0.0; PLANES]; out_channels * in_channels];
        let pool = threads::current();
        pool.for_each_chunk(&mut transformed, FILTERS, |at, transformed| {
            for (planes, taps) in transformed.iter_mut().zip(weight[at * FILTERS * 9..].chunks_exact(9)) {
                *planes = transform::filter(taps);
            }
        });
        let codes = (precision == Precision::Bf16).then(|| Codes::of(&transformed, out_channels, lanes));
        let mut planes: Vec<Option<Packed>> = vec![None; PLANES];
        pool.for_each_chunk(&mut planes, 1, |plane, packed| {
            packed[0] = Some(match &codes {
                None => {
                    let rows: Vec<f32> = transformed.iter().map(|planes| planes[plane]).collect();
                    Packed::from_rows(level, &rows, out_channels, &zeros)
                }
                Some((_, codes)) => {
                    let pair = |pair: &[FilterCodes]| [pair[0][plane], pair.get(1).map_or(0, |second| second[plane])];
                    let rows = codes.chunks_exact(in_channels).flat_map(|row| row.chunks(2).map(pair));
                    Packed::of_shorts(level, &rows.collect::<Vec<_>>(), out_channels)
                }
            });
        });
        let codes = codes.map(|(codes, _)| Box::new(codes));
        let planes: Vec<Packed> = planes.into_iter().flatten().collect();
        let mut padded = Buffer::zeros(out_channels.next_multiple_of(lanes));
        padded[..out_channels].copy_from_slice(bias);
        let chunk = (CHUNK / planes[0].width()).max(1).min(planes[0].panels());
        Self {
            in_channels,
            out_channels,
            stride: in_channels.next_multiple_of(lanes),
            planes,
            codes,
            bias: padded,
            chunk,
        }
    }

    fn chunk_columns(&self) -> usize {
        self.chunk * self.planes[0].width()
    }

    /// How an output is cut into rectangles of whole tiles, as many as leave everything in the L2 cache.
    pub fn cut(&self, output: (usize, usize)) -> Cut {
        let most = (SCRATCH / (PLANES * (self.stride + self.chunk_columns()))).clamp(1, MOST_TILES);
        let across = output.1.div_ceil(TILE).max(1);
        let width = across.div_ceil(across.div_ceil(most));
        Cut { size: output, height: (most / width).max(1) * TILE, width: width * TILE }
    }

    /// Floats of scratch memory that a rectangle of the [`Winograd::cut`] of an output needs.
    pub fn scratch(&self, output: (usize, usize)) -> usize {
        let cut = self.cut(output);
        self.scratch_of_tiles(cut.height / TILE * (cut.width / TILE))
    }

    fn scratch_of_tiles(&self, tiles: usize) -> usize {
        floats(&[tiles, self.stride + self.chunk_columns(), PLANES]) + PLANES * 2 * GAP
    }

    /// Channels of the input.
    pub fn in_channels(&self) -> usize {
        self.in_channels
    }

    /// Channels of the output.
    pub fn out_channels(&self) -> usize {
        self.out_channels
    }
}

/// A rectangle of tiles to compute.
pub struct Job<'a> {
    /// The transformed weights.
    pub weights: &'a Winograd,
    /// Rows and columns of tiles.
    pub tiles: (usize, usize),
    /// Pixels of the input, with zeros around them, from the one above and to the left of the first output pixel: `line`
    /// down, `row` to the right.
    pub x: View<'a>,
    /// Output pixels that exist, of `tiles · 4`.
    pub size: (usize, usize),
    /// Pixels of the output.
    pub out: ViewMut<'a>,
    /// The map that is added behind the activation.
    pub residual: Option<View<'a>>,
    /// Activation of the output.
    pub activation: Option<Activation>,
}

impl Job<'_> {
    /// Computes it, on the calling thread, with as much scratch memory, of unspecified content, as its tiles need.
    ///
    /// # Panics
    /// When a slice is too short.
    ///
    /// # Safety
    /// While it runs, nobody else may access the output's pixels, nor write those of `x` and the residual.
    pub unsafe fn run(&self, level: Level, scratch: &mut [f32]) {
        let weights = self.weights;
        let tiles = floats(&[self.tiles.0, self.tiles.1]);
        if tiles == 0 || self.size.0 == 0 || self.size.1 == 0 {
            return;
        }
        let (height, width) = (floats(&[self.tiles.0, TILE]), floats(&[self.tiles.1, TILE]));
        assert!(self.size.0 <= height && self.size.1 <= width, "pixels without a tile");
        assert_eq!(weights.planes[0].lanes(), level.lanes(), "weights packed for another level");
        self.x.check(height + 2, width + 2, weights.in_channels);
        let channels = weights.out_channels;
        self.out.check(self.size.0, self.size.1, channels);
        if let Some(residual) = self.residual {
            residual.check(self.size.0, self.size.1, channels);
        }
        let plane = tiles * weights.stride + GAP;
        let (planes, products) = scratch[..weights.scratch_of_tiles(tiles)].split_at_mut(PLANES * plane);
        level.run(Input { job: self, planes, plane });
        let mut units = [1.0; PLANES];
        // Floats of a row.
        let mut row = weights.stride;
        if let Some(codes) = &weights.codes {
            row /= 2;
            level.run(Encode { codes, planes, plane, length: tiles * weights.stride, units: &mut units });
        }

        let panels = weights.planes[0].panels();
        for first in (0..panels).step_by(weights.chunk) {
            let last = (first + weights.chunk).min(panels);
            let width = (last - first) * weights.planes[0].width();
            let product = tiles * width + GAP;
            for (at, packed) in weights.planes.iter().enumerate() {
                let a = View::new(planes, Rows::contiguous(at * plane, row));
                let out = ViewMut::new(Shared::new(products), Rows::contiguous(at * product, width));
                let gemm = gemm::Job { panels: (first, last), ..gemm::Job::new(packed, (1, tiles), a, out) };
                // SAFETY: `products` is this call's own.
                unsafe { gemm.run(level) };
            }
            let first = first * weights.planes[0].width();
            with_function!(self.activation, F => {
                let function = PhantomData::<F>;
                match &weights.codes {
                    None => level.run(Output { job: self, products, product, width, first, sums: Floats, function }),
                    Some(codes) => {
                        let sums = Integers { codes, units: &units };
                        level.run_pairs(Output { job: self, products, product, width, first, sums, function });
                    }
                }
            });
        }
    }
}

/// Transforms windows of the input into planes.
struct Input<'a, 'b> {
    job: &'a Job<'b>,
    planes: &'a mut [f32],
    plane: usize,
}

impl Kernel for Input<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let job = self.job;
        let (channels, stride, lanes) = (job.weights.in_channels, job.weights.stride, A::V::LANES);
        let planes = self.planes.as_mut_ptr();
        for tile in 0..job.tiles.0 * job.tiles.1 {
            let (row, column) = (tile / job.tiles.1 * TILE, tile % job.tiles.1 * TILE);
            for channel in (0..channels).step_by(lanes) {
                let count = lanes.min(channels - channel);
                // SAFETY: `Job::run` has measured that all windows lie within `x`, and `planes` holds `PLANES` planes
                // of `tiles` rows of `stride` floats, a multiple of the lanes.
                unsafe {
                    let zero = arch.splat(0.0);
                    let mut rows = [[zero; WINDOW]; WINDOW];
                    for y in 0..WINDOW {
                        let line = job.x.at(row + y, column).add(channel);
                        let mut d = [zero; WINDOW];
                        for x in 0..WINDOW {
                            d[x] = arch.load_some(line.add(x * job.x.rows.row), count);
                        }
                        rows[y] = transform::input(d);
                    }
                    for x in 0..WINDOW {
                        let mut d = [zero; WINDOW];
                        for y in 0..WINDOW {
                            d[y] = rows[y][x];
                        }
                        let values = transform::input(d);
                        for y in 0..WINDOW {
                            values[y].store(planes.add((y * WINDOW + x) * self.plane + tile * stride + channel));
                        }
                    }
                }
            }
        }
    }
}
