//! Softmax cross entropy.

#[cfg(test)]
mod tests;

use candle_core::{Result, Shape, Tensor};

use crate::backend::cuda::{Buffer, Cuda, Element, Grid, Launch, THREADS, WARP, ptx, view};
use crate::backend::head::CrossEntropy;

/// A block of whole warps for each row.
fn grid(rows: usize, classes: usize) -> Grid {
    Grid { blocks: (rows, 1, 1), threads: (classes.next_multiple_of(WARP).min(THREADS), 1, 1), shared: 0 }
}

impl CrossEntropy for Cuda {
    /// The normalisers of the rows.
    type Saved = Tensor;

    fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<(Tensor, Tensor)> {
        let (rows, classes) = logits.dims2()?;
        let (logits, targets) = (view(logits)?, view(targets)?);
        let device = logits.device()?;
        let mut losses = Buffer::new(device, Element::F32, rows)?;
        let mut normalisers = Buffer::new(device, Element::F32, 2 * rows)?;
        let launch = Launch::new(device, ptx::CROSS_ENTROPY, "cross_entropy_rows", Element::F32)?
            .read(logits.slice()?, Element::F32, rows * classes)?
            .read(targets.slice()?, Element::F32, rows * classes)?
            .write(losses.slice_mut()?, Element::F32, rows)?
            .write(normalisers.slice_mut()?, Element::F32, 2 * rows)?
            .int(classes)?;
        // SAFETY: these are the kernel's arguments; block `row` reads `classes` of its row and writes three numbers.
        unsafe { launch.run(grid(rows, classes))? };
        let mut mean = Buffer::new(device, Element::F32, 1)?;
        let launch = Launch::new(device, ptx::CROSS_ENTROPY, "cross_entropy_mean", Element::F32)?
            .read(losses.slice()?, Element::F32, rows)?
            .write(mean.slice_mut()?, Element::F32, 1)?
            .int(rows)?;
        // SAFETY: these are the kernel's arguments; its one block reads `rows` losses and writes their mean.
        unsafe { launch.run(grid(1, rows))? };
        Ok((mean.into_tensor(Shape::from(()))?, normalisers.into_tensor((rows, 2))?))
    }

    fn cross_entropy_gradient(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        normalisers: &Tensor,
        grad: &Tensor,
    ) -> Result<Tensor> {
        let (rows, classes) = logits.dims2()?;
        let [logits, targets, normalisers, grad] = [view(logits)?, view(targets)?, view(normalisers)?, view(grad)?];
        let device = logits.device()?;
        let mut out = Buffer::new(device, Element::F32, rows * classes)?;
        let launch = Launch::new(device, ptx::CROSS_ENTROPY, "cross_entropy_backward", Element::F32)?
            .read(logits.slice()?, Element::F32, rows * classes)?
            .read(targets.slice()?, Element::F32, rows * classes)?
            .read(normalisers.slice()?, Element::F32, 2 * rows)?
            .read(grad.slice()?, Element::F32, 1)?
            .write(out.slice_mut()?, Element::F32, rows * classes)?
            .ints([rows, classes])?;
        // SAFETY: these are the kernel's arguments; block `row` reads and writes `classes` of its row.
        unsafe { launch.run(grid(rows, classes))? };
        out.into_tensor((rows, classes))
    }
}
