//! A convolution's weights in the order of its windows, and their gradients back.

use candle_core::cuda_backend::CudaDevice;
use candle_core::{Result, Tensor};

use crate::backend::cuda::{Buffer, Element, Grid, Launch, ptx, view};
use crate::backend::window::Geometry;

/// How weights `[O, I, k, k]` lie for the device: `[O, above + k, left + k, I]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub outputs: usize,
    pub inputs: usize,
    pub kernel: usize,
    /// Rows of zeros in front of the weights' own.
    pub above: usize,
    /// Columns of zeros in front of the weights' own.
    pub left: usize,
}

impl Order {
    /// Without zeros.
    pub(super) fn plain(geometry: &Geometry) -> Self {
        let Geometry { in_channels, out_channels, kernel, .. } = *geometry;
        Self { outputs: out_channels, inputs: in_channels, kernel, above: 0, left: 0 }
    }

    /// Rows and columns of a packed window.
    pub(super) fn window(&self) -> (usize, usize) {
        (self.above + self.kernel, self.left + self.kernel)
    }

    /// Elements of the packed weights.
    pub(super) fn count(&self) -> usize {
        let (height, width) = self.window();
        self.outputs * height * width * self.inputs
    }

    fn own_count(&self) -> usize {
        self.outputs * self.inputs * self.kernel * self.kernel
    }

    /// The arguments that both kernels take behind their buffers.
    fn arguments(&self) -> [usize; 5] {
        [self.outputs, self.inputs, self.kernel, self.above, self.left]
    }

    /// The weights in this order, in a number format.
    ///
    /// # Errors
    /// When they are not f32 on this device, or the device fails.
    pub(super) fn pack(&self, device: &CudaDevice, weight: &Tensor, element: Element) -> Result<Buffer> {
        let count = self.count();
        let weight = view(weight)?;
        let mut packed = Buffer::new(device, element, count)?;
        let launch = Launch::new(device, ptx::CONV, "conv_pack", element)?
            .write(packed.slice_mut()?, element, count)?
            .read(weight.slice()?, Element::F32, self.own_count())?;
        // SAFETY: these are the kernel's arguments; a thread writes one of the `count` elements, a weight or zero.
        unsafe { launch.ints(self.arguments())?.run(Grid::each(count)) }?;
        Ok(packed)
    }

    /// Gradients in this order and a number format as those of the weights, f32 `[O, I, k, k]`.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn unpack(&self, device: &CudaDevice, packed: &Buffer, element: Element) -> Result<Tensor> {
        let count = self.own_count();
        let mut weight = Buffer::new(device, Element::F32, count)?;
        let launch = Launch::new(device, ptx::CONV, "conv_unpack", element)?
            .write(weight.slice_mut()?, Element::F32, count)?
            .read(packed.slice()?, element, self.count())?;
        // SAFETY: these are the kernel's arguments; a thread writes one of the `count` elements, and reads one within
        // the order's.
        unsafe { launch.ints(self.arguments())?.run(Grid::each(count)) }?;
        weight.into_tensor((self.outputs, self.inputs, self.kernel, self.kernel))
    }
}
