//! Squeeze-and-excitation. The gate's small layers are f32 throughout.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};
use effnet_spec::Activation;

use crate::backend::cuda::image_sums::{Map, joined, products, sums};
use crate::backend::cuda::{Buffer, Columns, Element, Grid, Launch, activation_code, pack, ptx, view};
use crate::backend::layer::SqueezeExcite;

/// A squeeze-and-excitation after its forward pass.
pub(crate) struct Gate {
    map: Map,
    activation: Activation,
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

/// `kernel(matrix, other, out…, elements, …)`, an element a thread; `outs` results of the shape of `matrix`.
fn each<const OUTS: usize>(kernel: &str, matrix: &Tensor, other: &Tensor, more: &[usize]) -> Result<[Tensor; OUTS]> {
    let (matrix_view, other_view) = (view(matrix)?, view(other)?);
    let (device, elements) = (matrix_view.device()?, matrix.elem_count());
    let new = |_| Buffer::new(device, Element::F32, elements);
    let mut outs = (0..OUTS).map(new).collect::<Result<Vec<_>>>()?;
    let mut launch = Launch::new(device, ptx::SQUEEZE_EXCITE, kernel, Element::F32)?
        .read(matrix_view.slice()?, Element::F32, elements)?
        .read(other_view.slice()?, Element::F32, other.elem_count())?;
    for out in &mut outs {
        launch = launch.write(out.slice_mut()?, Element::F32, elements)?;
    }
    let launch = launch.long(elements).ints(more.iter().copied())?;
    // SAFETY: the callers name kernels that take these arguments; they read and write below `elements`, and of `other`
    // as many as `matrix` has, or the elements of a row.
    unsafe { launch.run(Grid::each(elements))? };
    let outs = outs.into_iter().map(|out| out.into_tensor(matrix.shape())).collect::<Result<Vec<_>>>()?;
    outs.try_into().map_err(|_| candle_core::Error::Msg(format!("`{kernel}` has {OUTS} results")))
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
        let more = [squeezed, activation_code(Some(op.activation))];
        let [reduced, activated] = each("squeeze_excite_activate", &product, &reduce_bias, &more)?;
        let product = activated.matmul(&expand_weight.t()?)?;
        let [values] = each("squeeze_excite_open", &product, &expand_bias, &[map.channels])?;
        Ok(Self { map, activation: op.activation, reduce_weight, expand_weight, mean, reduced, activated, values })
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
        let [expanded] = each("squeeze_excite_close", &of_gate, &self.values, &[])?;
        let expand_weight = expanded.t()?.matmul(&self.activated)?.reshape((channels, squeezed, 1, 1))?;
        let of_activated = expanded.matmul(&self.expand_weight)?;
        let code = [activation_code(Some(self.activation))];
        let [reduced] = each("squeeze_excite_deactivate", &of_activated, &self.reduced, &code)?;
        let reduce_weight = reduced.t()?.matmul(&self.mean)?.reshape((squeezed, channels, 1, 1))?;
        let (reduce_bias, expand_bias) = (column_sums(&reduced, squeezed)?, column_sums(&expanded, channels)?);
        let input =
            if wants_input { Some(self.scale(grad, Some(&reduced.matmul(&self.reduce_weight)?))?) } else { None };
        Ok((input, [reduce_weight, reduce_bias, expand_weight, expand_bias]))
    }
}
