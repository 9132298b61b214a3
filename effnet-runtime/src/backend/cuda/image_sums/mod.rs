//! Sums over the pixels of each image.

use candle_core::{Result, Shape, Tensor};

use crate::backend::cuda::{Buffer, Columns, Element, Launch, View, pack, ptx, view};

/// A map as its sums see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    pub images: usize,
    /// Pixels of each image.
    pub rows: usize,
    pub channels: usize,
}

impl Map {
    /// A map of the shape `[N, H, W, C]`.
    ///
    /// # Errors
    /// When it has another rank.
    pub(crate) fn of(shape: &Shape) -> Result<Self> {
        let (images, height, width, channels) = shape.dims4()?;
        Ok(Self { images, rows: height * width, channels })
    }
}

/// `factor · Σ_row x` for each image and channel: f32 `[images, channels]` of a contiguous `x`.
///
/// # Errors
/// When `x` is not a contiguous tensor of that many f32 or bf16 on a CUDA device.
pub(crate) fn sums(x: &Tensor, map: Map, factor: f32) -> Result<Tensor> {
    in_parts(x, None, map, factor)
}

/// `Σ_row x · y` for each image and channel.
///
/// # Errors
/// When `x` and `y` are not contiguous tensors of that many f32 or bf16 on a CUDA device.
pub(crate) fn products(x: &Tensor, y: &Tensor, map: Map) -> Result<Tensor> {
    in_parts(x, Some(y), map, 1.0)
}

/// Sums over blocks of rows, then over the blocks in their order.
fn in_parts(x: &Tensor, y: Option<&Tensor>, map: Map, factor: f32) -> Result<Tensor> {
    let Map { images, rows, channels } = map;
    let (x_view, y_view) = (view(x)?, y.map(view).transpose()?);
    let maps: Vec<&Tensor> = std::iter::once(x).chain(y).collect();
    let columns = Columns::summing(images, rows, channels, pack(x_view.element(), channels, &maps));
    let of_part = if columns.blocks == 1 { factor } else { 1.0 };
    let parts =
        launch(&x_view, y_view.as_ref(), &columns, of_part)?.into_tensor((images * columns.blocks, channels))?;
    if columns.blocks == 1 {
        return Ok(parts);
    }
    joined(&parts, Map { images, rows: columns.blocks, channels }, factor)
}

/// As [`sums`], of few rows: in one launch.
///
/// # Errors
/// As [`sums`].
pub(crate) fn joined(x: &Tensor, Map { images, rows, channels }: Map, factor: f32) -> Result<Tensor> {
    let joining = Columns::joining(images, rows, channels);
    launch(&view(x)?, None, &joining, factor)?.into_tensor((images, channels))
}

/// `factor · Σ_row x`, or with `y` `factor · Σ_row x · y`, of each of the blocks.
fn launch(x: &View<'_>, y: Option<&View<'_>>, columns: &Columns, factor: f32) -> Result<Buffer> {
    let (device, element) = (x.device()?, x.element());
    let kernel = if y.is_some() { "image_sums_product" } else { "image_sums_sum" };
    let parts = columns.images * columns.blocks * columns.channels;
    let mut out = Buffer::new(device, Element::F32, parts)?;
    let mut launch = Launch::new(device, ptx::IMAGE_SUMS, &columns.kernel(kernel), element)?;
    for view in std::iter::once(x).chain(y) {
        launch = launch.read(view.slice()?, element, columns.elements())?;
    }
    let launch = launch
        .write(out.slice_mut()?, Element::F32, parts)?
        .ints([columns.rows, columns.channels, columns.rows_of_block, columns.blocks])?
        .float(factor);
    // SAFETY: `image_sums_sum` takes x, `image_sums_product` x and y, and then these; blocks read rows below `rows` of
    // images below `images`, and each writes a row of `channels` parts.
    unsafe { launch.run(columns.grid(1, 0))? };
    Ok(out)
}
