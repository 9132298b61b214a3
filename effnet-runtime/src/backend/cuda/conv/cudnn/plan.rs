//! A convolution in cuDNN's words.
//!
//! cuDNN pads a map by as much on one side as on the other. TensorFlow's `same` does not: the larger half of an odd sum
//! lies behind the map, so that at stride 2 the windows of an even map begin at its first pixel and end one behind its
//! last. Weights with a row of zeros in front then say the same with even padding: the window begins one row earlier,
//! on the row of padding that is now there, and its own weights meet the same pixels. No map is copied for it, which
//! would cost more memory traffic than the zeros cost arithmetic; an infinity in a map spreads as NaN by one pixel
//! more.

use std::ffi::c_int;
use std::sync::Arc;

use candle_core::cuda_backend::cudarc::cudnn::result::CudnnError;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionMode_t as Mode, cudnnMathType_t as Math, cudnnTensorFormat_t as Format,
};
use candle_core::cuda_backend::cudarc::cudnn::{
    ConvDescriptor, Cudnn, CudnnDataType, FilterDescriptor, TensorDescriptor,
};
use candle_core::{Error, Result};
use half::bf16;

use crate::backend::cuda::conv::weights::Order;
use crate::backend::window::Geometry;

/// A number format of maps and packed weights.
pub(super) trait Number: CudnnDataType {
    const ZERO: Self;
    const ONE: Self;
    /// How cuDNN multiplies them.
    const MATH: Math;
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    // By default cuDNN would round factors to TF32, of 10 bits.
    const MATH: Math = Math::CUDNN_FMA_MATH;
}

impl Number for bf16 {
    const ZERO: Self = bf16::ZERO;
    const ONE: Self = bf16::ONE;
    const MATH: Math = Math::CUDNN_TENSOR_OP_MATH;
}

/// How a convolution's weights are packed, with the zeros in front that make its padding even.
pub(super) fn order(geometry: &Geometry) -> Order {
    // How much further the last window reaches behind the map than the first does in front of it.
    let uneven = |size: usize, outputs: usize, before: usize| {
        ((outputs - 1) * geometry.stride + geometry.kernel).saturating_sub(size + 2 * before)
    };
    let Geometry { input, output, before, .. } = *geometry;
    Order {
        above: uneven(input.0, output.0, before.0),
        left: uneven(input.1, output.1, before.1),
        ..Order::plain(geometry)
    }
}

/// A convolution's descriptors.
pub(super) struct Plan<T> {
    pub conv: ConvDescriptor<f32>,
    /// `[N, H, W, I]`.
    pub x: TensorDescriptor<T>,
    /// `[O, k, k, I]`, with the zeros in front.
    pub w: FilterDescriptor<T>,
    /// `[N, H', W', O]`.
    pub y: TensorDescriptor<T>,
}

impl<T: Number> Plan<T> {
    /// # Errors
    /// When a side is too large, or cuDNN fails.
    pub(super) fn new(cudnn: &Arc<Cudnn>, geometry: &Geometry) -> Result<Self> {
        let Geometry { batch, input, output, before, in_channels, out_channels, stride, .. } = *geometry;
        let order = order(geometry);
        let window = order.window();
        let ints = |sizes: [usize; 4]| -> Result<[c_int; 4]> {
            match sizes.map(c_int::try_from) {
                [Ok(a), Ok(b), Ok(c), Ok(d)] => Ok([a, b, c, d]),
                _ => candle_core::bail!("cuDNN takes no sides as large as those of {geometry:?}"),
            }
        };
        // Sides are told in the order of NCHW whatever the format.
        let x = ints([batch, in_channels, input.0, input.1])?;
        let w = ints([out_channels, in_channels, window.0, window.1])?;
        let y = ints([batch, out_channels, output.0, output.1])?;
        let [above, left, down, across] = ints([before.0 + order.above, before.1 + order.left, stride, stride])?;
        let described = || -> std::result::Result<Self, CudnnError> {
            let mut conv =
                cudnn.create_conv2d::<f32>([above, left], [down, across], [1, 1], Mode::CUDNN_CROSS_CORRELATION)?;
            conv.set_math_type(T::MATH)?;
            Ok(Self {
                conv,
                x: cudnn.create_4d_tensor::<T>(Format::CUDNN_TENSOR_NHWC, x)?,
                w: cudnn.create_4d_filter::<T>(Format::CUDNN_TENSOR_NHWC, w)?,
                y: cudnn.create_4d_tensor::<T>(Format::CUDNN_TENSOR_NHWC, y)?,
            })
        };
        described()
            .map_err(|CudnnError(status)| Error::Msg(format!("cuDNN refused sizes of {geometry:?} ({status:?})")))
    }
}
