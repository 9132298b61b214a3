//! The gradient of a 3×3 convolution's weights with a quarter of the multiplications.
//!
//! ```text
//! for some lines of tiles:
//!     a[p][tile][o] = (A dout Aᵀ)[p],   b[p][tile][i] = (Bᵀ x B)[p]       36 planes
//!     sums[p][o][i] += Σ_tile a[p][tile][o] · b[p][tile][i]               36 sums of outer products
//! dw = Gᵀ sums G
//! ```
//!
//! It is the derivative of the forward pass by the transformed weights, carried through their transform.

use std::mem::MaybeUninit;

use super::transform::{self, PLANES, TILE, WINDOW};
use crate::buffer::Shared;
use crate::outer::{self, Outer, PIXELS};
use crate::simd::{Arch, Kernel, Level, Vector, lanes_of};
use crate::threads;
use crate::view::{Rows, ViewMut, floats};

/// Output channels of a task's sums at most.
const OUTPUTS: usize = 96;

/// A feature map `[batch, height, width, channels]`.
#[derive(Clone, Copy)]
pub struct Map<'a> {
    /// The floats.
    pub values: &'a [f32],
    /// Height and width.
    pub size: (usize, usize),
    /// Channels.
    pub channels: usize,
}

/// A convolution's weight gradient.
pub struct WeightGradient<'a> {
    /// Images of the batch.
    pub batch: usize,
    /// The convolution's input.
    pub x: Map<'a>,
    /// Zeros above and to the left of `x`.
    pub before: (usize, usize),
    /// The gradient of the output.
    pub grad: Map<'a>,
}

impl WeightGradient<'_> {
    fn across(&self) -> usize {
        self.grad.size.1.div_ceil(TILE)
    }

    /// Lines of tiles that are transformed together.
    fn together(&self) -> usize {
        (PIXELS / self.across()).clamp(1, self.lines())
    }

    /// Lines of tiles of all images.
    fn lines(&self) -> usize {
        self.batch * self.grad.size.0.div_ceil(TILE)
    }

    /// Floats that the planes of both sides need, and the sums.
    pub fn scratch(&self, level: Level) -> (usize, usize) {
        let (high, wide) = self.padded(level);
        let tiles = self.together() * self.across();
        (PLANES * tiles * (high + wide), PLANES * self.grad.channels * self.x.channels)
    }

    /// Channels of the output and of `x`, rounded up to whole strips.
    fn padded(&self, level: Level) -> (usize, usize) {
        (
            self.grad.channels.next_multiple_of(outer::height(level)),
            self.x.channels.next_multiple_of(outer::width(level)),
        )
    }

    /// Computes it, `[O, I, 3, 3]`, on the current pool. `planes` and `sums` are as long as [`WeightGradient::scratch`]
    /// says, and of unspecified content.
    ///
    /// # Panics
    /// When a slice is too short, or the maps are empty.
    pub fn run(&self, level: Level, planes: &mut [f32], sums: &mut [f32]) -> Vec<f32> {
        for map in [&self.x, &self.grad] {
            assert_eq!(map.values.len(), floats(&[self.batch, map.size.0, map.size.1, map.channels]), "size of a map");
        }
        let (outputs, inputs, across) = (self.grad.channels, self.x.channels, self.across());
        let (high, wide) = self.padded(level);
        let rows = OUTPUTS.next_multiple_of(outer::height(level));
        let blocks = outputs.div_ceil(rows);
        let pool = threads::current();
        let (a, b) = planes.split_at_mut(PLANES * self.together() * across * high);
        let sums = Shared::new(sums);
        for first in (0..self.lines()).step_by(self.together()) {
            let lines = self.together().min(self.lines() - first);
            let tiles = lines * across;
            {
                let (a, b) =
                    (Shared::new(&mut a[..PLANES * tiles * high]), Shared::new(&mut b[..PLANES * tiles * wide]));
                pool.for_each(2 * lines, |task| {
                    let (line, out) = (task / 2, if task % 2 == 0 { a } else { b });
                    let line = Line { job: self, line: first + line, tiles, first: line * across, out };
                    if task % 2 == 0 { level.run(Outputs(line)) } else { level.run(Inputs(line)) }
                });
            }
            pool.for_each(PLANES * blocks, |task| {
                let (plane, row) = (task / blocks, task % blocks * rows);
                let outer = Outer {
                    pixels: tiles,
                    a: &a[(plane * high + row) * tiles..][..(high - row).min(rows) * tiles],
                    b: &b[plane * wide * tiles..][..wide * tiles],
                    rows: rows.min(outputs - row),
                    columns: inputs,
                    out: ViewMut::new(sums, Rows::contiguous((plane * outputs + row) * inputs, inputs)),
                    add: first > 0,
                };
                // SAFETY: each task writes a plane and rows of its own.
                unsafe { outer.run(level) }
            });
        }
        let mut gradient = vec![0.0; outputs * inputs * 9];
        // SAFETY: all tasks that wrote to the sums have ended.
        let sums = unsafe { sums.part(0, PLANES * outputs * inputs) };
        pool.for_each_chunk(&mut gradient, inputs * 9, |output, out| {
            level.run(Finish { sums, plane: outputs * inputs, first: output * inputs, out });
        });
        gradient
    }
}

/// A line of tiles of one side.
struct Line<'a, 'b> {
    job: &'a WeightGradient<'b>,
    /// Its number among the lines of all images.
    line: usize,
    /// Tiles of a plane, and the line's first among them.
    tiles: usize,
    first: usize,
    /// `[PLANES, strips, tiles, strip's width]`
    out: Shared<'a>,
}

impl Line<'_, '_> {
    /// The image, and the tiles' first row in it.
    fn place(&self) -> (usize, usize) {
        let of_image = self.job.lines() / self.job.batch;
        (self.line / of_image, self.line % of_image * TILE)
    }
}

/// `N` × `N` pixels of a map for a vector of channels, from a corner on that may lie outside; zeros where there is nothing.
///
/// # Safety
/// The image must exist, and `count` channels from `channel` on.
#[inline(always)]
unsafe fn window<A: Arch, const N: usize>(
    arch: A,
    map: &Map<'_>,
    image: usize,
    corner: (isize, isize),
    channel: usize,
    count: usize,
) -> [[A::V; N]; N] {
    let (height, width) = map.size;
    let within = |from: isize, size: usize| usize::try_from(from).ok().filter(|from| from + N <= size);
    if let Some((top, left)) = within(corner.0, height).zip(within(corner.1, width))
        && count == A::V::LANES
    {
        // Most windows lie within the map, and their pixels are read without a question for each.
        let first = map.values.as_ptr().wrapping_add(((image * height + top) * width + left) * map.channels + channel);
        // Zeros first would be a call of `memset` for each window.
        let mut pixels = MaybeUninit::<[[A::V; N]; N]>::uninit();
        let to = pixels.as_mut_ptr().cast::<A::V>();
        for y in 0..N {
            for x in 0..N {
                // SAFETY: a pixel of the map, and channels of it that the caller has counted; one of `N` × `N` places.
                unsafe { to.add(y * N + x).write(arch.load(first.wrapping_add((y * width + x) * map.channels))) };
            }
        }
        // SAFETY: all of it was written.
        return unsafe { pixels.assume_init() };
    }
    let mut pixels = [[arch.splat(0.0); N]; N];
    for (y, row) in pixels.iter_mut().enumerate() {
        let y = corner.0 + y as isize;
        if y < 0 || y >= height as isize {
            continue;
        }
        let line = (image * height + y as usize) * width;
        for (x, pixel) in row.iter_mut().enumerate() {
            let x = corner.1 + x as isize;
            if x >= 0 && x < width as isize {
                let from = map.values.as_ptr().wrapping_add((line + x as usize) * map.channels + channel);
                // SAFETY: a pixel of the map, and channels of it that the caller has counted.
                *pixel = unsafe { arch.load_some(from, count) };
            }
        }
    }
    pixels
}

/// Transforms `x`.
struct Inputs<'a, 'b>(Line<'a, 'b>);

impl Kernel for Inputs<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self(line) = self;
        let (job, lanes) = (line.job, A::V::LANES);
        let width = outer::width_of::<A>();
        let channels = job.x.channels;
        let wide = channels.next_multiple_of(width);
        let (image, y) = line.place();
        let top = y as isize - job.before.0 as isize;
        let out = line.out.at(0);
        for tile in 0..job.across() {
            let corner = (top, (tile * TILE) as isize - job.before.1 as isize);
            for channel in (0..wide).step_by(lanes) {
                let count = channels.saturating_sub(channel).min(lanes);
                // SAFETY: the line's image exists, and `count` of its channels from `channel` on; `out` holds `PLANES`
                // planes of `wide / width` strips of `tiles` rows of `width` floats.
                unsafe {
                    let mut rows = window::<A, WINDOW>(arch, &job.x, image, corner, channel, count);
                    for row in &mut rows {
                        *row = transform::input(*row);
                    }
                    let strip = channel / width;
                    for x in 0..WINDOW {
                        let mut d = [arch.splat(0.0); WINDOW];
                        for y in 0..WINDOW {
                            d[y] = rows[y][x];
                        }
                        let values = transform::input(d);
                        for y in 0..WINDOW {
                            let row = ((y * WINDOW + x) * (wide / width) + strip) * line.tiles + line.first + tile;
                            values[y].store(out.add(row * width + channel % width));
                        }
                    }
                }
            }
        }
    }
}

/// Transforms the gradient of the output.
struct Outputs<'a, 'b>(Line<'a, 'b>);

impl Kernel for Outputs<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self(line) = self;
        let (job, lanes) = (line.job, A::V::LANES);
        let height = outer::height_of::<A>();
        let channels = job.grad.channels;
        let strips = channels.div_ceil(height);
        let (image, y) = line.place();
        let out = line.out.at(0);
        for tile in 0..job.across() {
            let corner = (y as isize, (tile * TILE) as isize);
            // A strip's row may be shorter than a vector: the lanes behind it are stored too, and the next tiles' rows go
            // over them. Behind the last tile of this line there is another task's memory.
            let room = (job.across() - tile) * height >= lanes;
            for strip in 0..strips {
                let channel = strip * height;
                let count = (channels - channel).min(lanes);
                // SAFETY: the line's image exists, and `count` of its channels from `channel` on; `out` holds `PLANES`
                // planes of `strips` strips of `tiles` rows of `height` floats.
                unsafe {
                    let pixels = window::<A, TILE>(arch, &job.grad, image, corner, channel, count);
                    let mut rows = [[arch.splat(0.0); WINDOW]; TILE];
                    for y in 0..TILE {
                        rows[y] = transform::output_gradient(pixels[y]);
                    }
                    for x in 0..WINDOW {
                        let mut d = [arch.splat(0.0); TILE];
                        for y in 0..TILE {
                            d[y] = rows[y][x];
                        }
                        let values = transform::output_gradient(d);
                        for y in 0..WINDOW {
                            let row = ((y * WINDOW + x) * strips + strip) * line.tiles + line.first + tile;
                            let place = out.add(row * height);
                            if room { values[y].store(place) } else { values[y].store_first(place, height.min(lanes)) }
                        }
                    }
                }
            }
        }
    }
}

/// `Gᵀ sums G` of one output channel.
struct Finish<'a> {
    sums: &'a [f32],
    /// Floats of a plane, and the channel's first in it.
    plane: usize,
    first: usize,
    /// `[I, 3, 3]`
    out: &'a mut [f32],
}

impl Kernel for Finish<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let lanes = A::V::LANES;
        let inputs = self.out.len() / 9;
        let mut taps = [arch.splat(0.0); 9];
        for (at, out) in self.out.chunks_mut(lanes * 9).enumerate() {
            let (first, count) = (self.first + at * lanes, lanes.min(inputs - at * lanes));
            let mut columns = [[arch.splat(0.0); WINDOW]; 3];
            for x in 0..WINDOW {
                let mut m = [arch.splat(0.0); WINDOW];
                for y in 0..WINDOW {
                    let sums = &self.sums[(y * WINDOW + x) * self.plane + first..][..count];
                    // SAFETY: `count` floats were cut out.
                    m[y] = unsafe { arch.load_first(sums.as_ptr(), count) };
                }
                let values = transform::filter_gradient(m);
                for y in 0..3 {
                    columns[y][x] = values[y];
                }
            }
            for y in 0..3 {
                let values = transform::filter_gradient(columns[y]);
                for x in 0..3 {
                    taps[y * 3 + x] = values[x];
                }
            }
            let values = lanes_of(&mut taps);
            for (lane, filter) in out.chunks_exact_mut(9).enumerate() {
                for (tap, values) in filter.iter_mut().zip(values.chunks_exact(lanes)) {
                    *tap = values[lane];
                }
            }
        }
    }
}
