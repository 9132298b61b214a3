//! Depthwise convolution in its three directions: see `op.cu`.

#[cfg(test)]
mod tests;

use candle_core::cuda_backend::CudaDevice;
use candle_core::{Result, Tensor};

use crate::backend::cuda::{Buffer, Element, Grid, Launch, THREADS, pack, ptx, view};
use crate::backend::window::Geometry;

/// Pixels of a thread's strip, as `op.cu` has it.
const STRIP: usize = 4;

/// Channels of a thread of the kernels that slide, as `slide.cuh` has it.
const SLIDE: usize = 2;

/// Threads that the kernels that slide have where the maps allow it: several for each of the largest GPUs' places.
/// Fewer would have longer ways down their strips.
const SLIDING: usize = 1 << 18;

/// Rows of a way down, at least: two more are read.
const ROWS: usize = 6;

/// Packs of channels that a block of the weight gradient spans at most.
const ACROSS: usize = 32;

/// Strips of a lane of the weight gradient, at least, and the most parts that all strips are cut into.
const STRIPS_OF_LANE: usize = 4;
const MOST_PARTS: usize = 128;

/// The kernels that run.
enum Kernels {
    /// The kernels that slide a 3 × 3 window of stride 1 down strips of `rows`.
    Slide { rows: usize },
    /// The kernels of one window: the end of their names, and the channels of a pack.
    Window { suffix: String, pack: usize },
    /// The kernels that take anything.
    Any,
}

impl Kernels {
    fn new(geometry: &Geometry, element: Element, maps: &[&Tensor]) -> Self {
        let Geometry { kernel, stride, in_channels, output, batch, .. } = *geometry;
        match (kernel, stride, pack(element, in_channels, maps)) {
            (_, _, 1) => Self::Any,
            (3, 1, _) => {
                let strips = batch * output.1.div_ceil(STRIP) * (in_channels / SLIDE);
                let segments = SLIDING.div_ceil(strips).min(output.0.div_ceil(ROWS)).max(1);
                Self::Slide { rows: output.0.div_ceil(segments).max(1) }
            }
            (3 | 5 | 7, 1 | 2, pack) => Self::Window { suffix: format!("k{kernel}s{stride}"), pack },
            _ => Self::Any,
        }
    }

    /// The kernel of a direction, which is called `slide` among those that slide.
    fn name(&self, direction: &str, slide: &str) -> String {
        match self {
            Self::Slide { .. } => format!("depthwise_{slide}"),
            Self::Window { suffix, .. } => format!("depthwise_{direction}_{suffix}"),
            Self::Any => format!("depthwise_{direction}_any"),
        }
    }
}

/// The sizes that all kernels take behind their maps.
fn sizes(geometry: &Geometry) -> [usize; 8] {
    let Geometry { batch, input, output, before, in_channels, .. } = *geometry;
    [batch, input.0, input.1, output.0, output.1, in_channels, before.0, before.1]
}

/// `x ∗ weight`: `x` is `[N, H, W, C]`, `weight` f32 `[C, 1, k, k]`, both contiguous; the result `[N, H', W', C]` in
/// the number format of `x`.
///
/// # Errors
/// When the tensors are not on one CUDA device, or the device fails.
pub(crate) fn forward(x: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let map = view(x)?;
    let (device, element) = (map.device()?, map.element());
    let weight = packed(device, weight, geometry, false)?;
    let (taps, count) = (geometry.kernel * geometry.kernel, geometry.out_shape().elem_count());
    let mut out = Buffer::new(device, element, count)?;
    let kernels = Kernels::new(geometry, element, &[x]);
    let launch = Launch::new(device, ptx::DEPTHWISE, &kernels.name("forward", "slide"), element)?
        .write(out.slice_mut()?, element, count)?
        .read(map.slice()?, element, geometry.in_count())?
        .read(weight.slice()?, Element::F32, taps * geometry.in_channels)?
        .ints(sizes(geometry))?;
    over(launch, geometry, geometry.output, &kernels)?;
    out.into_tensor(geometry.out_shape())
}

/// The gradient of `x`, from that of the output, `[N, H', W', C]`, in its number format.
///
/// # Errors
/// As [`forward`].
pub(crate) fn backward_input(grad: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let of_output = view(grad)?;
    let (device, element) = (of_output.device()?, of_output.element());
    // Where the kernels slide, the gradient is a convolution of the output's gradient with the window turned around.
    let turned = Geometry {
        input: geometry.output,
        output: geometry.input,
        before: (geometry.kernel - 1 - geometry.before.0, geometry.kernel - 1 - geometry.before.1),
        ..*geometry
    };
    let kernels = Kernels::new(&turned, element, &[grad]);
    let is_turned = matches!(kernels, Kernels::Slide { .. });
    let weight = packed(device, weight, geometry, is_turned)?;
    let (taps, count) = (geometry.kernel * geometry.kernel, geometry.in_count());
    let mut dx = Buffer::new(device, element, count)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, &kernels.name("backward_input", "slide"), element)?
        .write(dx.slice_mut()?, element, count)?
        .read(of_output.slice()?, element, geometry.out_shape().elem_count())?
        .read(weight.slice()?, Element::F32, taps * geometry.in_channels)?
        .ints(sizes(if is_turned { &turned } else { geometry }))?;
    over(launch, geometry, geometry.input, &kernels)?;
    dx.into_tensor((geometry.batch, geometry.input.0, geometry.input.1, geometry.in_channels))
}

/// Launches one of the two kernels above over the maps of a size that it writes.
fn over(launch: Launch<'_>, geometry: &Geometry, size: (usize, usize), kernels: &Kernels) -> Result<()> {
    let (lines, strips) = (geometry.batch * size.0, size.1.div_ceil(STRIP));
    let (launch, threads) = match kernels {
        Kernels::Slide { rows } => {
            let threads = geometry.batch * size.0.div_ceil(*rows) * strips * (geometry.in_channels / SLIDE);
            (launch.ints([*rows, threads])?, threads)
        }
        Kernels::Window { pack, .. } => {
            let threads = lines * strips * (geometry.in_channels / pack);
            (launch.int(threads)?, threads)
        }
        Kernels::Any => {
            let elements = lines * size.1 * geometry.in_channels;
            (launch.ints([geometry.kernel, geometry.stride])?.long(elements), elements)
        }
    };
    // SAFETY: these are the kernels' arguments: two maps of the sizes, weights of all taps and channels, the sizes. A
    // thread below the count writes a strip, or an element, within the map that it writes, and skips what lies outside
    // the other.
    unsafe { launch.run(Grid::each(threads)) }
}

/// The gradient of the weight, f32 `[C, 1, k, k]`, from `x` and the gradient of the output.
///
/// # Errors
/// As [`forward`].
pub(crate) fn backward_weight(x: &Tensor, grad: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let (map, of_output) = (view(x)?, view(grad)?);
    let (device, element) = (map.device()?, map.element());
    let Geometry { kernel, in_channels: channels, .. } = *geometry;
    let rows = geometry.batch * geometry.output.0;
    let size = kernel * kernel * channels;
    let kernels = Kernels::new(geometry, element, &[x, grad]);
    let strips = geometry.output.1.div_ceil(STRIP);
    let cut = match &kernels {
        Kernels::Slide { rows } => {
            Cut::strips(geometry.batch * geometry.output.0.div_ceil(*rows) * strips, channels / SLIDE, 1)
        }
        Kernels::Window { pack, .. } => Cut::strips(rows * strips, channels / pack, STRIPS_OF_LANE),
        Kernels::Any => Cut::rows(rows),
    };
    let mut partial = Buffer::new(device, Element::F32, cut.parts * size)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, &kernels.name("backward_weight", "slide_weight"), element)?
        .write(partial.slice_mut()?, Element::F32, cut.parts * size)?
        .read(map.slice()?, element, geometry.in_count())?
        .read(of_output.slice()?, element, geometry.out_shape().elem_count())?
        .ints(sizes(geometry))?;
    let (launch, grid) = match kernels {
        Kernels::Slide { rows } => {
            let launch = launch.ints([rows, cut.of_part, cut.across, cut.lanes])?;
            (launch, cut.grid(1, channels, SLIDE))
        }
        Kernels::Window { pack, .. } => {
            (launch.ints([cut.of_part, cut.across, cut.lanes])?, cut.grid(kernel, channels, pack))
        }
        Kernels::Any => {
            let count = cut.parts * size;
            let launch = launch.ints([kernel, geometry.stride, cut.of_part])?.long(count);
            (launch, Grid::each(count))
        }
    };
    // SAFETY: these are the kernels' arguments: the two maps of the sizes, the sizes, and how strips or rows are cut
    // into the parts. A part's taps of a channel are written by one thread; shared memory holds a pack a thread.
    unsafe { launch.run(grid) }?;
    let mut dw = Buffer::new(device, Element::F32, size)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, "depthwise_sum", Element::F32)?
        .write(dw.slice_mut()?, Element::F32, size)?
        .read(partial.slice()?, Element::F32, cut.parts * size)?
        .ints([cut.parts, kernel * kernel, channels])?;
    // SAFETY: these are the kernel's arguments; a thread below `size` sums an element of every part.
    unsafe { launch.run(Grid::each(size)) }?;
    dw.into_tensor((channels, 1, kernel, kernel))
}

/// How a sum over a map is cut: by its shape alone, so that it keeps its bits.
struct Cut {
    parts: usize,
    /// Strips or rows of a part.
    of_part: usize,
    /// Packs of channels of a block, and threads for each.
    across: usize,
    lanes: usize,
}

impl Cut {
    /// Cuts `strips`, with at least `of_lane` for each lane.
    fn strips(strips: usize, packs: usize, of_lane: usize) -> Self {
        let across = packs.min(ACROSS);
        let lanes = (THREADS / across).min(strips.next_power_of_two());
        let of_part = strips.div_ceil(MOST_PARTS).next_multiple_of(lanes * of_lane);
        Self { parts: strips.div_ceil(of_part), of_part, across, lanes }
    }

    /// The grid of a kernel with `blocks` of them for a part, and a pack of channels a thread.
    fn grid(&self, blocks: usize, channels: usize, pack: usize) -> Grid {
        let threads = self.across * self.lanes;
        Grid {
            blocks: (blocks * self.parts, (channels / pack).div_ceil(self.across), 1),
            threads: (threads, 1, 1),
            shared: threads * pack * size_of::<f32>(),
        }
    }

    fn rows(rows: usize) -> Self {
        let of_part = rows.div_ceil(MOST_PARTS);
        Self { parts: rows.div_ceil(of_part), of_part, across: 1, lanes: 1 }
    }
}

/// The weights as `[taps, C]`, with the window turned around where `is_turned`.
fn packed(device: &CudaDevice, weight: &Tensor, geometry: &Geometry, is_turned: bool) -> Result<Buffer> {
    let (taps, channels) = (geometry.kernel * geometry.kernel, geometry.in_channels);
    let weight = view(weight)?;
    let mut packed = Buffer::new(device, Element::F32, taps * channels)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, "depthwise_pack", Element::F32)?
        .write(packed.slice_mut()?, Element::F32, taps * channels)?
        .read(weight.slice()?, Element::F32, taps * channels)?
        .ints([taps, channels, usize::from(is_turned)])?;
    // SAFETY: these are the kernel's arguments; a thread moves one of the elements to another.
    unsafe { launch.run(Grid::each(taps * channels)) }?;
    Ok(packed)
}
