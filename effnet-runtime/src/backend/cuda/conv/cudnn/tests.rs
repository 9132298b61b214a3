use candle_core::cuda_backend::cudarc::cudnn::sys::cudnnStatus_t as Status;
use candle_core::{DType, Result};
use effnet_spec::Padding;

use super::plan::order;
use super::*;
use crate::backend::cuda::near::{cuda, normal, upload};
use crate::backend::cuda::view;
use crate::backend::window::{Kind, Window};

fn geometry(size: (usize, usize), channels: (usize, usize), window: Window) -> Geometry {
    let weight = [channels.1, channels.0, window.kernel, window.kernel];
    Geometry::of(Kind::Dense, &[2, size.0, size.1, channels.0], &weight, window).unwrap()
}

#[test]
fn zeros_in_front_make_padding_even() {
    let zeros = |kernel, stride, padding, size| {
        let order = order(&geometry(size, (4, 4), Window { kernel, stride, padding }));
        (order.above, order.left)
    };
    assert_eq!(zeros(3, 2, Padding::Same, (224, 45)), (1, 0));
    assert_eq!(zeros(3, 2, Padding::Same, (45, 224)), (0, 1));
    assert_eq!(zeros(5, 2, Padding::Same, (224, 224)), (1, 1));
    assert_eq!(zeros(1, 2, Padding::Same, (224, 45)), (0, 0));
    assert_eq!(zeros(3, 1, Padding::Same, (224, 45)), (0, 0));
    assert_eq!(zeros(3, 2, Padding::Symmetric, (224, 45)), (0, 0));
}

#[test]
fn it_does_the_networks_convolutions() -> Result<()> {
    for (kernel, stride, padding, channels) in [
        (3, 2, Padding::Symmetric, (3, 24)),
        (3, 2, Padding::Same, (3, 32)),
        (3, 1, Padding::Symmetric, (24, 24)),
        (3, 2, Padding::Symmetric, (24, 96)),
        (3, 2, Padding::Same, (16, 64)),
        (3, 1, Padding::Same, (48, 192)),
    ] {
        let geometry = geometry((16, 16), channels, Window { kernel, stride, padding });
        for dtype in [DType::F32, DType::BF16] {
            let map = |shape: &[usize]| upload(&normal(1, shape.iter().product(), dtype), shape, dtype, &cuda());
            let (x_map, y) = (map(&[2, 16, 16, channels.0])?, map(geometry.out_shape().dims())?);
            let shape = [channels.1, channels.0, kernel, kernel];
            let weight = upload(&normal(2, shape.iter().product(), DType::F32), &shape, DType::F32, &cuda())?;
            let (x, y) = (view(&x_map)?, view(&y)?);
            assert!(forward(&x, &weight, &geometry)?.is_some(), "forward of {geometry:?} in {dtype:?}");
            for accumulate in [false, true] {
                let mut dx = Buffer::taken(x_map.copy()?)?;
                let is_done = backward_input(&y, &weight, &geometry, &mut dx, accumulate)?;
                assert!(is_done, "input's gradient of {geometry:?} in {dtype:?}");
            }
            assert!(backward_weight(&x, &y, &geometry)?.is_some(), "weight's gradient of {geometry:?} in {dtype:?}");
        }
    }
    Ok(())
}

#[test]
fn what_it_does_not_take_is_left_to_matrix_products() -> Result<()> {
    let plain = Window { kernel: 3, stride: 1, padding: Padding::Symmetric };
    let taken = |geometry: &Geometry, maps: &[&View<'_>]| is_for(geometry, maps);
    assert!(!taken(&geometry((4, 4), (3, 3), Window { kernel: 1, ..plain }), &[]));
    assert!(!taken(&geometry((1 << 12, 1 << 12), (64, 3), plain), &[]));
    let x = upload(&normal(1, 2 * 4 * 4 * 3, DType::F32), &[2, 4, 4, 3], DType::F32, &cuda())?;
    let (whole, part) = (view(&x)?, x.narrow(0, 1, 1)?);
    assert!(whole.is_aligned());
    assert!(view(&part)?.is_aligned(), "an image of 48 floats is a multiple of 16 bytes");
    let x = upload(&normal(1, 2 * 5 * 5 * 3, DType::F32), &[2, 5, 5, 3], DType::F32, &cuda())?.narrow(0, 1, 1)?;
    assert!(!taken(&geometry((5, 5), (3, 3), plain), &[&view(&x)?]));
    for status in [Status::CUDNN_STATUS_NOT_SUPPORTED, Status::CUDNN_STATUS_NOT_SUPPORTED_SHAPE] {
        assert!(supported::<()>(&geometry((5, 5), (3, 3), plain), Err(CudnnError(status)))?.is_none());
    }
    Ok(())
}

#[test]
fn what_it_refuses_is_an_error() -> Result<()> {
    let window = Window { kernel: 3, stride: 1, padding: Padding::Symmetric };
    let answer = Err(CudnnError(Status::CUDNN_STATUS_BAD_PARAM));
    let error = supported::<()>(&geometry((4, 4), (3, 3), window), answer).unwrap_err();
    assert!(error.to_string().contains("(CUDNN_STATUS_BAD_PARAM); EFFNET_CUDNN=off"), "{error}");
    let x = upload(&normal(1, 12, DType::F32), &[2, 2, 1, 3], DType::F32, &cuda())?;
    let weight = upload(&normal(2, 81, DType::F32), &[3, 3, 3, 3], DType::F32, &cuda())?;
    let error = forward(&view(&x)?, &weight, &geometry((4, 4), (3, 3), window)).unwrap_err();
    assert!(error.to_string().contains("was given [12, 81, 96] elements"), "{error}");
    Ok(())
}
