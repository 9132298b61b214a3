//! The mean on a CUDA device.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};

use crate::ops::cuda::{Buffer, Columns, Launch, pack, ptx, view};
use crate::ops::image_sums::cuda::{Map, sums};
use crate::ops::node::{self, Gradients};

/// As [`super::global_mean`], of a contiguous map; the result has its number format.
pub(super) fn global_mean(x: &Tensor) -> Result<Tensor> {
    let map = Map::of(x)?;
    let share = 1.0 / map.rows as f32;
    let means = sums(&x.detach(), map, share)?.to_dtype(x.dtype())?;
    let shape = x.shape().clone();
    node::record("global_mean", &[x], &[], means, move |grad| {
        let gradient = backward(grad, map, share)?.reshape(&shape)?;
        Ok(Gradients { inputs: vec![Some(gradient)], params: vec![] })
    })
}

/// The gradient of the map, from that of the means.
fn backward(grad: &Tensor, map: Map, share: f32) -> Result<Tensor> {
    let grad_view = view(grad)?;
    let (device, element) = (grad_view.device()?, grad_view.element());
    let Map { images, rows, channels } = map;
    let columns = Columns::new(images, rows, channels, pack(element, channels, &[grad]));
    let mut out = Buffer::new(device, element, columns.elements())?;
    let launch = Launch::new(device, ptx::GLOBAL_MEAN, &columns.kernel("global_mean_backward"), element)?
        .read(grad_view.slice()?, element, images * channels)?
        .write(out.slice_mut(), element, columns.elements())?
        .int(rows)?
        .int(channels)?
        .int(columns.rows_of_block)?
        .int(columns.blocks)?
        .float(share);
    // SAFETY: these are the kernel's arguments; blocks write rows below `rows` of images below `images`, and read the
    // image's row of gradients.
    unsafe { launch.run(columns.grid(0, 0))? };
    out.into_tensor(columns.elements())
}
