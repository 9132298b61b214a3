//! Depthwise convolution on a CUDA device, in its three directions: see `op.cu`.

#[cfg(test)]
mod tests;

use candle_core::cuda_backend::CudaDevice;
use candle_core::{Result, Tensor};

use crate::ops::cuda::{Buffer, Element, Grid, Launch, pack, ptx, view};
use crate::ops::window::Geometry;

/// Pixels of a thread's strip, as `op.cu` has it.
const STRIP: usize = 4;

/// Threads of a block.
const THREADS: usize = 256;

/// Packs of channels that a block of the weight gradient spans at most.
const ACROSS: usize = 32;

/// Strips of a lane of the weight gradient, at least, and the most parts that all strips are cut into.
const STRIPS_OF_LANE: usize = 4;
const MOST_PARTS: usize = 128;

/// Which kernels run: those of a window, which move packs of channels, or those that take any.
fn of_window(geometry: &Geometry, element: Element, maps: &[&Tensor]) -> Option<(String, usize)> {
    let Geometry { kernel, stride, in_channels, .. } = *geometry;
    let pack = pack(element, in_channels, maps);
    let is_made = matches!(kernel, 3 | 5 | 7) && matches!(stride, 1 | 2) && pack > 1;
    is_made.then(|| (format!("k{kernel}s{stride}"), pack))
}

/// The sizes that all kernels take behind their maps.
fn sizes<'a>(launch: Launch<'a>, geometry: &Geometry) -> Result<Launch<'a>> {
    let Geometry { batch, input, output, before, in_channels, .. } = *geometry;
    [batch, input.0, input.1, output.0, output.1, in_channels, before.0, before.1]
        .into_iter()
        .try_fold(launch, Launch::int)
}

/// `x ∗ weight`: `x` is `[N, H, W, C]`, `weight` f32 `[C, 1, k, k]`, both contiguous; the result `[N, H', W', C]` in the
/// number format of `x`.
///
/// # Errors
/// When the tensors are not on one CUDA device, or the device fails.
pub(crate) fn forward(x: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let map = view(x)?;
    let (device, element) = (map.device()?, map.element());
    let weight = packed(device, weight, geometry)?;
    let (taps, count) = (geometry.kernel * geometry.kernel, geometry.out_shape().elem_count());
    let mut out = Buffer::new(device, element, count)?;
    let chosen = of_window(geometry, element, &[x]);
    let suffix = chosen.as_ref().map_or("any", |(suffix, _)| suffix.as_str());
    let launch = Launch::new(device, ptx::DEPTHWISE, &format!("depthwise_forward_{suffix}"), element)?
        .write(out.slice_mut(), element, count)?
        .read(map.slice()?, element, geometry.in_count())?
        .read(weight.slice(), Element::F32, taps * geometry.in_channels)?;
    over(sizes(launch, geometry)?, geometry, geometry.output, chosen.map(|(_, pack)| pack))?;
    out.into_tensor(geometry.out_shape())
}

/// The gradient of `x`, from that of the output, `[N, H', W', C]`, in its number format.
///
/// # Errors
/// As [`forward`].
pub(crate) fn backward_input(grad: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let of_output = view(grad)?;
    let (device, element) = (of_output.device()?, of_output.element());
    let weight = packed(device, weight, geometry)?;
    let (taps, count) = (geometry.kernel * geometry.kernel, geometry.in_count());
    let mut dx = Buffer::new(device, element, count)?;
    let chosen = of_window(geometry, element, &[grad]);
    let suffix = chosen.as_ref().map_or("any", |(suffix, _)| suffix.as_str());
    let launch = Launch::new(device, ptx::DEPTHWISE, &format!("depthwise_backward_input_{suffix}"), element)?
        .write(dx.slice_mut(), element, count)?
        .read(of_output.slice()?, element, geometry.out_shape().elem_count())?
        .read(weight.slice(), Element::F32, taps * geometry.in_channels)?;
    over(sizes(launch, geometry)?, geometry, geometry.input, chosen.map(|(_, pack)| pack))?;
    dx.into_tensor((geometry.batch, geometry.input.0, geometry.input.1, geometry.in_channels))
}

/// Launches one of the two kernels above over the maps of a size that it writes.
fn over(launch: Launch<'_>, geometry: &Geometry, size: (usize, usize), pack: Option<usize>) -> Result<()> {
    let rows = geometry.batch * size.0;
    let (launch, threads) = match pack {
        Some(pack) => {
            let threads = rows * size.1.div_ceil(STRIP) * (geometry.in_channels / pack);
            (launch.int(threads)?, threads)
        }
        None => {
            let elements = rows * size.1 * geometry.in_channels;
            (launch.int(geometry.kernel)?.int(geometry.stride)?.long(elements), elements)
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
    let chosen = of_window(geometry, element, &[x, grad]);
    let cut = match &chosen {
        Some((_, pack)) => Cut::strips(rows * geometry.output.1.div_ceil(STRIP), channels / pack),
        None => Cut::rows(rows),
    };
    let mut partial = Buffer::new(device, Element::F32, cut.parts * size)?;
    let suffix = chosen.as_ref().map_or("any", |(suffix, _)| suffix.as_str());
    let launch = Launch::new(device, ptx::DEPTHWISE, &format!("depthwise_backward_weight_{suffix}"), element)?
        .write(partial.slice_mut(), Element::F32, cut.parts * size)?
        .read(map.slice()?, element, geometry.in_count())?
        .read(of_output.slice()?, element, geometry.out_shape().elem_count())?;
    let launch = sizes(launch, geometry)?;
    let (launch, grid) = match chosen {
        Some((_, pack)) => {
            let grid = Grid {
                blocks: (kernel * cut.parts, (channels / pack).div_ceil(cut.across), 1),
                threads: (cut.across * cut.lanes, 1, 1),
                shared: cut.across * cut.lanes * pack * size_of::<f32>(),
            };
            (launch.int(cut.of_part)?.int(cut.across)?.int(cut.lanes)?, grid)
        }
        None => {
            let count = cut.parts * size;
            let launch = launch.int(kernel)?.int(geometry.stride)?.int(cut.of_part)?.long(count);
            (launch, Grid::each(count))
        }
    };
    // SAFETY: these are the kernels' arguments: the two maps of the sizes, the sizes, and how strips or rows are cut into
    // the parts. A part's taps of a channel are written by one thread; shared memory holds a pack a thread.
    unsafe { launch.run(grid) }?;
    let mut dw = Buffer::new(device, Element::F32, size)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, "depthwise_sum", Element::F32)?
        .write(dw.slice_mut(), Element::F32, size)?
        .read(partial.slice(), Element::F32, cut.parts * size)?
        .int(cut.parts)?
        .int(kernel * kernel)?
        .int(channels)?;
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
    fn strips(strips: usize, packs: usize) -> Self {
        let across = packs.min(ACROSS);
        let lanes = (THREADS / across).min(strips.next_power_of_two());
        let of_part = strips.div_ceil(MOST_PARTS).max(lanes * STRIPS_OF_LANE);
        Self { parts: strips.div_ceil(of_part), of_part, across, lanes }
    }

    fn rows(rows: usize) -> Self {
        let of_part = rows.div_ceil(MOST_PARTS);
        Self { parts: rows.div_ceil(of_part), of_part, across: 1, lanes: 1 }
    }
}

/// The weights as `[taps, C]`.
fn packed(device: &CudaDevice, weight: &Tensor, geometry: &Geometry) -> Result<Buffer> {
    let (taps, channels) = (geometry.kernel * geometry.kernel, geometry.in_channels);
    let weight = view(weight)?;
    let mut packed = Buffer::new(device, Element::F32, taps * channels)?;
    let launch = Launch::new(device, ptx::DEPTHWISE, "depthwise_pack", Element::F32)?
        .write(packed.slice_mut(), Element::F32, taps * channels)?
        .read(weight.slice()?, Element::F32, taps * channels)?
        .int(taps)?
        .int(channels)?;
    // SAFETY: these are the kernel's arguments; a thread moves one of the elements to another.
    unsafe { launch.run(Grid::each(taps * channels)) }?;
    Ok(packed)
}
