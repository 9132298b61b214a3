//! Mean over the pixels of each image.

#[cfg(test)]
mod tests;

use candle_core::{Result, Shape, Tensor};

use crate::backend::cuda::image_sums::{Map, sums};
use crate::backend::cuda::{Buffer, Columns, Cuda, Launch, pack, ptx, view};
use crate::backend::head::GlobalMean;

impl GlobalMean for Cuda {
    fn global_mean(&self, x: &Tensor) -> Result<Tensor> {
        let map = Map::of(x.shape())?;
        sums(x, map, 1.0 / map.rows as f32)?.to_dtype(x.dtype())
    }

    fn global_mean_gradient(&self, shape: &Shape, grad: &Tensor) -> Result<Tensor> {
        let map = Map::of(shape)?;
        let grad_view = view(grad)?;
        let (device, element) = (grad_view.device()?, grad_view.element());
        let Map { images, rows, channels } = map;
        let columns = Columns::new(images, rows, channels, pack(element, channels, &[grad]));
        let mut out = Buffer::new(device, element, columns.elements())?;
        let launch = Launch::new(device, ptx::GLOBAL_MEAN, &columns.kernel("global_mean_backward"), element)?
            .read(grad_view.slice()?, element, images * channels)?
            .write(out.slice_mut()?, element, columns.elements())?
            .ints([rows, channels, columns.rows_of_block, columns.blocks])?
            .float(1.0 / rows as f32);
        // SAFETY: these are the kernel's arguments; blocks write rows below `rows` of images below `images`, and read
        // the image's row of gradients.
        unsafe { launch.run(columns.grid(0, 0))? };
        out.into_tensor(shape)
    }
}
