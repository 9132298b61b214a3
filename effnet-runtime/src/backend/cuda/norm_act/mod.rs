//! Batch normalisation, activation and residual: the formulas of `backend/cpu/norm_act`.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use candle_core::{Result, Tensor};
use effnet_spec::Activation;

use crate::backend::cuda::image_sums::{Map, joined};
use crate::backend::cuda::{Buffer, Columns, Element, Grid, Launch, View, activation_code, pack, ptx, view};
use crate::backend::layer::{BatchMoments, ConvNormAct, Norm};
use crate::backend::moments::Moments;
use crate::backend::synchronised::sums_of_all;
use crate::collective::Collective;

/// A normalisation after its forward pass, with activation and branch.
pub(crate) struct Normed {
    map: Map,
    /// Mean, inverse standard deviation, scale and shift of each channel: f32 `[4, C]`.
    factors: Tensor,
    /// Pixels whose statistics these are; `None` for running statistics, and those of other ranks, through which no
    /// gradient flows.
    count: Option<usize>,
    /// The ranks whose pixels these are, where they are synchronised. Ranks exchange through the host, which waits for the
    /// device then: once each way.
    ranks: Option<Arc<dyn Collective>>,
    activation: Option<Activation>,
    /// A factor for each image: f32 `[N]`.
    branch: Option<Tensor>,
}

/// Mean and squares of each block of rows, f32 `[blocks, 2, C]`, and how rows are cut among blocks.
fn of_blocks(z: &Tensor, map: Map) -> Result<(Buffer, Columns)> {
    let (z_view, rows, channels) = (view(z)?, map.images * map.rows, map.channels);
    let (device, element) = (z_view.device()?, z_view.element());
    let columns = Columns::summing(1, rows, channels, pack(element, channels, &[z]));
    let mut parts = Buffer::new(device, Element::F32, columns.blocks * 2 * channels)?;
    let launch = Launch::new(device, ptx::NORM_ACT, &columns.kernel("norm_act_moments"), element)?
        .read(z_view.slice()?, element, columns.elements())?
        .write(parts.slice_mut()?, Element::F32, columns.blocks * 2 * channels)?
        .ints([rows, channels, columns.rows_of_block])?;
    // SAFETY: these are the kernel's arguments; blocks read rows below `rows`, and each writes 2 · `channels` parts.
    unsafe { launch.run(columns.grid(2, columns.lanes * size_of::<f32>()))? };
    Ok((parts, columns))
}

/// The batch's factors, and its mean and unbiased variance.
fn of_batch(z: &Tensor, map: Map, op: &ConvNormAct) -> Result<(Tensor, BatchMoments)> {
    let (parts, columns) = of_blocks(z, map)?;
    let (rows, channels) = (columns.rows, columns.channels);
    let z_view = view(z)?;
    let device = z_view.device()?;
    let (gamma, beta) = (op.gamma.contiguous()?, op.beta.contiguous()?);
    let (gamma, beta) = (view(&gamma)?, view(&beta)?);
    let joining = Columns::joining(1, columns.blocks, channels);
    let mut factors = Buffer::new(device, Element::F32, 4 * channels)?;
    let mut moments = Buffer::new(device, Element::F32, 2 * channels)?;
    let launch = Launch::new(device, ptx::NORM_ACT, "norm_act_join", Element::F32)?
        .read(parts.slice()?, Element::F32, columns.blocks * 2 * channels)?
        .read(gamma.slice()?, Element::F32, channels)?
        .read(beta.slice()?, Element::F32, channels)?
        .write(factors.slice_mut()?, Element::F32, 4 * channels)?
        .write(moments.slice_mut()?, Element::F32, 2 * channels)?
        .ints([rows, channels, columns.rows_of_block, columns.blocks])?
        .float(op.eps as f32);
    // SAFETY: these are the kernel's arguments; it reads the parts of `blocks` blocks, and a thread writes a channel's
    // numbers below `channels` of each row. Its shared memory is a double a thread.
    unsafe { launch.run(joining.grid(2, 0))? };
    let moments = moments.into_tensor((2, channels))?;
    let moments = BatchMoments { mean: moments.get(0)?, variance: moments.get(1)? };
    Ok((factors.into_tensor((4, channels))?, moments))
}

/// The factors of all ranks' batches, their mean and unbiased variance, and the pixels that they have.
fn of_ranks(z: &Tensor, map: Map, op: &ConvNormAct, ranks: &dyn Collective) -> Result<(Tensor, BatchMoments, usize)> {
    let channels = map.channels;
    let mut own = Moments::none(channels);
    if op.norm.counts_own() {
        let (parts, Columns { rows, rows_of_block, blocks, .. }) = of_blocks(z, map)?;
        let parts: Vec<f32> = parts.into_tensor(blocks * 2 * channels)?.to_vec1()?;
        for (block, part) in parts.chunks_exact(2 * channels).enumerate() {
            let (mean, squares) = part.split_at(channels);
            own.join(rows_of_block.min(rows - block * rows_of_block), mean, squares);
        }
    }
    let all = own.of_all(ranks)?;
    let row = |values: Vec<f32>| Tensor::from_vec(values, channels, z.device());
    let (mean, variance) = (row(all.mean())?, row(all.variance())?);
    let factors = of_running(&mean, &variance, op, channels)?;
    Ok((factors, BatchMoments { mean, variance: row(all.unbiased_variance())? }, all.pixels()))
}

/// The sums of all ranks, from a rank's own.
fn over_ranks(own: &Tensor, ranks: &dyn Collective) -> Result<Tensor> {
    let sums: Vec<f64> = own.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect();
    let sums = sums_of_all(ranks, &sums)?.into_iter().map(|sum| sum as f32).collect();
    Tensor::from_vec(sums, own.shape(), own.device())
}

fn of_running(mean: &Tensor, variance: &Tensor, op: &ConvNormAct, channels: usize) -> Result<Tensor> {
    let tensors = [mean, variance, &op.gamma, &op.beta];
    let tensors = tensors.into_iter().map(Tensor::contiguous).collect::<Result<Vec<_>>>()?;
    let views = tensors.iter().map(view).collect::<Result<Vec<View<'_>>>>()?;
    let device = views[0].device()?;
    let mut factors = Buffer::new(device, Element::F32, 4 * channels)?;
    let mut launch = Launch::new(device, ptx::NORM_ACT, "norm_act_running", Element::F32)?;
    for view in &views {
        launch = launch.read(view.slice()?, Element::F32, channels)?;
    }
    let launch = launch.write(factors.slice_mut()?, Element::F32, 4 * channels)?.int(channels)?.float(op.eps as f32);
    // SAFETY: these are the kernel's arguments; a thread reads and writes the numbers of a channel below `channels`.
    unsafe { launch.run(Grid::each(channels))? };
    factors.into_tensor((4, channels))
}

impl Normed {
    /// The normalisation of a contiguous map `[N, H, W, C]` of f32 or bf16, and the batch's moments where it is made of
    /// them.
    ///
    /// # Errors
    /// When the tensors are not on one CUDA device, or a launch or a rank fails.
    pub(super) fn new(z: &Tensor, op: &ConvNormAct, branch: Option<&[f32]>) -> Result<(Self, Option<BatchMoments>)> {
        let map = Map::of(z.shape())?;
        let (factors, moments, count) = match &op.norm {
            Norm::Batch => {
                let (factors, moments) = of_batch(z, map, op)?;
                (factors, Some(moments), Some(map.images * map.rows))
            }
            Norm::Synchronised(ranks) | Norm::Others(ranks) => {
                let (factors, moments, pixels) = of_ranks(z, map, op, ranks.as_ref())?;
                (factors, Some(moments), op.norm.counts_own().then_some(pixels))
            }
            Norm::Running { mean, variance } => (of_running(mean, variance, op, map.channels)?, None, None),
        };
        let branch = branch.map(|factors| Tensor::from_slice(factors, map.images, z.device())).transpose()?;
        let ranks = op.norm.ranks().cloned();
        Ok((Self { map, factors, count, ranks, activation: op.activation, branch }, moments))
    }

    /// The last arguments that the gradient's kernels have in common.
    fn shape(&self, columns: &Columns) -> [usize; 5] {
        let Columns { rows, channels, rows_of_block, .. } = *columns;
        [rows, channels, rows_of_block, self.map.rows, activation_code(self.activation)]
    }

    /// Rows of the whole batch, cut among blocks.
    fn columns(&self, element: Element, maps: &[&Tensor]) -> Columns {
        let Map { images, rows, channels } = self.map;
        Columns::new(1, images * rows, channels, pack(element, channels, maps))
    }

    /// `f(norm(z))`, or `residual + branch · f(norm(z))`.
    ///
    /// # Errors
    /// When the residual has not as many elements as the map, or a launch fails.
    pub(super) fn output(&self, z: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
        let z_view = view(z)?;
        let (device, element) = (z_view.device()?, z_view.element());
        let maps: Vec<&Tensor> = std::iter::once(z).chain(residual).collect();
        let columns = self.columns(element, &maps);
        let (elements, channels) = (columns.elements(), columns.channels);
        let kernel = if residual.is_some() { "norm_act_residual" } else { "norm_act_forward" };
        let (residual, branch) = (residual.map(view).transpose()?, self.branch.as_ref().map(view).transpose()?);
        let factors = view(&self.factors)?;
        let mut y = Buffer::new(device, element, elements)?;
        let mut launch = Launch::new(device, ptx::NORM_ACT, &columns.kernel(kernel), element)?;
        launch = launch.read(z_view.slice()?, element, elements)?;
        if let Some(residual) = &residual {
            launch = launch.read(residual.slice()?, element, elements)?;
            launch = launch.read_or_null(branch.as_ref(), Element::F32, self.map.images)?;
        }
        let launch = launch
            .read(factors.slice()?, Element::F32, 4 * channels)?
            .write(y.slice_mut()?, element, elements)?
            .ints([columns.rows, channels, columns.rows_of_block])?
            .ints(residual.is_some().then_some(self.map.rows))?
            .int(activation_code(self.activation))?;
        // SAFETY: `norm_act_residual` takes a residual, the branch and the rows of an image more than
        // `norm_act_forward`; blocks read and write rows below `rows`, and a row's image is one of `images`.
        unsafe { launch.run(columns.grid(0, 0))? };
        y.into_tensor(z.shape())
    }

    /// The gradient of `z`, and those of γ and β, from that of the result, which is contiguous and of z's number
    /// format.
    ///
    /// # Errors
    /// When the tensors are not those of the forward pass, or a launch or a rank fails.
    pub(super) fn backward(&self, z: &Tensor, grad: &Tensor) -> Result<(Tensor, [Tensor; 2])> {
        let grad_of = view(grad)?;
        let (device, element) = (grad_of.device()?, grad_of.element());
        let columns = self.columns(element, &[z, grad]);
        let (elements, channels) = (columns.elements(), columns.channels);
        let summing = Columns::summing(1, columns.rows, channels, pack(element, channels, &[z, grad]));
        let (z_view, factors) = (view(z)?, view(&self.factors)?);
        let branch = self.branch.as_ref().map(view).transpose()?;
        let start = |kernel: &str| -> Result<Launch<'_>> {
            Launch::new(device, ptx::NORM_ACT, &columns.kernel(kernel), element)?
                .read(z_view.slice()?, element, elements)?
                .read(grad_of.slice()?, element, elements)?
                .read_or_null(branch.as_ref(), Element::F32, self.map.images)?
                .read(factors.slice()?, Element::F32, 4 * channels)
        };
        let mut parts = Buffer::new(device, Element::F32, summing.blocks * 2 * channels)?;
        let launch = start("norm_act_sums")?
            .write(parts.slice_mut()?, Element::F32, summing.blocks * 2 * channels)?
            .ints(self.shape(&summing))?;
        // SAFETY: these are the kernel's arguments; blocks read rows below `rows`, and each writes 2 · `channels`
        // parts.
        unsafe { launch.run(summing.grid(2, 0))? };
        let parts = parts.into_tensor((summing.blocks, 2 * channels))?;
        let of_parts = Map { images: 1, rows: summing.blocks, channels: 2 * channels };
        let totals = joined(&parts, of_parts, 1.0)?.reshape((2, channels))?;

        let share = self.count.map_or(0.0, |count| 1.0 / count as f32);
        let of_pixels = match &self.ranks {
            Some(ranks) => over_ranks(&totals, ranks.as_ref())?,
            None => totals.clone(),
        };
        let totals_of = view(&of_pixels)?;
        let mut dz = Buffer::new(device, element, elements)?;
        let launch = start("norm_act_backward")?
            .read(totals_of.slice()?, Element::F32, 2 * channels)?
            .write(dz.slice_mut()?, element, elements)?
            .ints(self.shape(&columns))?
            .float(share);
        // SAFETY: these are the kernel's arguments; blocks read and write rows below `rows`.
        unsafe { launch.run(columns.grid(0, 0))? };
        drop(totals_of);
        Ok((dz.into_tensor(z.shape())?, [totals.get(1)?, totals.get(0)?]))
    }
}
