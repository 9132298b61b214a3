//! Squeeze-and-excitation. The gate's small layers are f32 throughout.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};
use effnet_spec::{Activation, Gate as Opening};

use crate::backend::cuda::image_sums::{Map, joined, products, sums};
use crate::backend::cuda::{Buffer, Columns, Element, Grid, Launch, activation_code, pack, ptx, view};
use crate::backend::layer::SqueezeExcite;

/// A squeeze-and-excitation after its forward pass.
pub(crate) struct Gate {
    map: Map,
    activation: Activation,
    gate: Opening,
    /// `[S, C]` and `[C, S]`.
    reduce_weight: Tensor,
    expand_weight: Tensor,
    /// `[N, C]`.
    mean: Tensor,
    /// `[N, S]`, before the non-linearity and after.
    reduced: Tensor,
    activated: Tensor,
    /// The gate, in 0..1: `[N, C]`.
    values: Tensor,
}

/// Kernels of a thread for each element of a matrix.
#[derive(Clone, Copy)]
enum Each {
    /// The matrix and a bias: the sum, and `f` of it.
    Activate(Activation),
    /// The matrix and a bias: the gate of the sum.
    Open(Opening),
    /// The gradient of a gate and the gate: that of what the gate was made of.
    Close(Opening),
    /// The gradient of `f(u)` and `u`: that of `u`.
    Deactivate(Activation),
}

/// The number of a function that opens a gate in `op.cu`.
fn opening_code(gate: Opening) -> usize {
    match gate {
        Opening::Sigmoid => 0,
        Opening::HardSigmoid => 1,
    }
}

/// Launches `kernel(matrix, other, out…, elements, …)`; the results have the shape of `matrix`.
///
/// # Errors
/// When the kernel has another number of results, or `other` fewer elements than it reads.
fn each<const OUTS: usize>(kernel: Each, matrix: &Tensor, other: &Tensor) -> Result<[Tensor; OUTS]> {
    let (rows, columns) = matrix.dims2()?;
    let elements = rows * columns;
    let (name, read, written, more) = match kernel {
        Each::Activate(f) => ("squeeze_excite_activate", columns, 2, vec![columns, activation_code(Some(f))]),
        Each::Open(gate) => ("squeeze_excite_open", columns, 1, vec![columns, opening_code(gate)]),
        Each::Close(gate) => ("squeeze_excite_close", elements, 1, vec![opening_code(gate)]),
        Each::Deactivate(f) => ("squeeze_excite_deactivate", elements, 1, vec![activation_code(Some(f))]),
    };
    if written != OUTS {
        candle_core::bail!("kernel `{name}` has {written} results, not {OUTS}")
    }
    let (matrix_view, other_view) = (view(matrix)?, view(other)?);
    let device = matrix_view.device()?;
    let new = |_| Buffer::new(device, Element::F32, elements);
    let mut outs = (0..OUTS).map(new).collect::<Result<Vec<_>>>()?;
    let mut launch = Launch::new(device, ptx::SQUEEZE_EXCITE, name, Element::F32)?
        .read(matrix_view.slice()?, Element::F32, elements)?
        .read(other_view.slice()?, Element::F32, read)?;
    for out in &mut outs {
        launch = launch.write(out.slice_mut()?, Element::F32, elements)?;
    }
    let launch = launch.long(elements).ints(more)?;
    // SAFETY: these are the kernel's arguments; a thread reads and writes an element below `elements`, and reads of
    // `other` the same element, or its column's.
    unsafe { launch.run(Grid::each(elements))? };
    let outs = outs.into_iter().map(|out| out.into_tensor(matrix.shape())).collect::<Result<Vec<_>>>()?;
    outs.try_into().map_err(|_| candle_core::Error::Msg(format!("`{name}` has {OUTS} results")))
}

impl Gate {
    /// The gate of a contiguous `x` of f32 or bf16, through `squeezed` channels.
    ///
    /// # Errors
    /// When the tensors are not on one CUDA device, or a launch fails.
    pub(super) fn open(x: &Tensor, op: &SqueezeExcite, squeezed: usize) -> Result<Self> {
        let map = Map::of(x.shape())?;
        let reduce_weight = op.reduce_weight.detach().contiguous()?.reshape((squeezed, map.channels))?;
        let expand_weight = op.expand_weight.detach().contiguous()?.reshape((map.channels, squeezed))?;
        let (reduce_bias, expand_bias) = (op.reduce_bias.contiguous()?, op.expand_bias.contiguous()?);
        let mean = sums(x, map, 1.0 / map.rows as f32)?;
        let product = mean.matmul(&reduce_weight.t()?)?;
        let [reduced, activated] = each(Each::Activate(op.activation), &product, &reduce_bias)?;
        let product = activated.matmul(&expand_weight.t()?)?;
        let [values] = each(Each::Open(op.gate), &product, &expand_bias)?;
        let (activation, gate) = (op.activation, op.gate);
        Ok(Self { map, activation, gate, reduce_weight, expand_weight, mean, reduced, activated, values })
    }

    /// `x · gate`, or, with gradients of the means, `x · gate + share · gradient`.
    ///
    /// # Errors
    /// When `x` has another shape than that of the forward pass, or a launch fails.
    pub(super) fn scale(&self, x: &Tensor, added: Option<&Tensor>) -> Result<Tensor> {
        let x_view = view(x)?;
        let (device, element) = (x_view.device()?, x_view.element());
        let Map { images, rows, channels } = self.map;
        let columns = Columns::new(images, rows, channels, pack(element, channels, &[x]));
        let (factors, added) = (view(&self.values)?, added.map(view).transpose()?);
        let kernel = if added.is_some() { "squeeze_excite_scale_add" } else { "squeeze_excite_scale" };
        let mut out = Buffer::new(device, element, columns.elements())?;
        let mut launch = Launch::new(device, ptx::SQUEEZE_EXCITE, &columns.kernel(kernel), element)?
            .read(x_view.slice()?, element, columns.elements())?
            .read(factors.slice()?, Element::F32, images * channels)?;
        if let Some(added) = &added {
            launch = launch.read(added.slice()?, Element::F32, images * channels)?;
        }
        launch = launch.write(out.slice_mut()?, element, columns.elements())?.ints([
            rows,
            channels,
            columns.rows_of_block,
            columns.blocks,
        ])?;
        if added.is_some() {
            launch = launch.float(1.0 / rows as f32);
        }
        // SAFETY: `squeeze_excite_scale_add` takes `added` and a share more than `squeeze_excite_scale`; blocks read
        // and write rows below `rows` of images below `images`, and the image's row of factors.
        unsafe { launch.run(columns.grid(0, 0))? };
        out.into_tensor(x.shape())
    }

    /// The gradient of `x`, where it is wanted, and those of the parameters, from that of the result, which is
    /// contiguous and of `x`'s number format.
    ///
    /// # Errors
    /// When the tensors are not those of the forward pass, or a launch fails.
    pub(super) fn backward(
        &self,
        x: &Tensor,
        grad: &Tensor,
        wants_input: bool,
    ) -> Result<(Option<Tensor>, [Tensor; 4])> {
        let Map { images, channels, .. } = self.map;
        let squeezed = self.reduced.dim(1)?;
        let column_sums = |matrix: &Tensor, columns: usize| {
            joined(matrix, Map { images: 1, rows: images, channels: columns }, 1.0)?.reshape(columns)
        };
        let of_gate = products(x, grad, self.map)?;
        let [expanded] = each(Each::Close(self.gate), &of_gate, &self.values)?;
        let expand_weight = expanded.t()?.matmul(&self.activated)?.reshape((channels, squeezed, 1, 1))?;
        let of_activated = expanded.matmul(&self.expand_weight)?;
        let [reduced] = each(Each::Deactivate(self.activation), &of_activated, &self.reduced)?;
        let reduce_weight = reduced.t()?.matmul(&self.mean)?.reshape((squeezed, channels, 1, 1))?;
        let (reduce_bias, expand_bias) = (column_sums(&reduced, squeezed)?, column_sums(&expanded, channels)?);
        let input =
            if wants_input { Some(self.scale(grad, Some(&reduced.matmul(&self.reduce_weight)?))?) } else { None };
        Ok((input, [reduce_weight, reduce_bias, expand_weight, expand_bias]))
    }
}
