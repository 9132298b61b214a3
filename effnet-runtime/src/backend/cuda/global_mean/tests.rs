use candle_core::{DType, Device, Result, Tensor, Var};
use proptest::prelude::*;

use crate::backend::cuda::near::{assert_near, cuda, download, formats, normal};
use crate::ops::global_mean;

/// The means of a variable, and its gradient.
fn run(x: &[f32], grad: &[f32], shape: [usize; 4], dtype: DType, device: &Device) -> Result<(Tensor, Tensor)> {
    let x = Var::from_tensor(&Tensor::from_slice(x, &shape, device)?.to_dtype(dtype)?)?;
    let means = global_mean(&x)?;
    let grad = Tensor::from_slice(grad, (shape[0], shape[3]), device)?.to_dtype(dtype)?;
    let store = (&means * grad)?.sum_all()?.backward()?;
    Ok((means, store.get(&x).unwrap().clone()))
}

fn check(shape: [usize; 4], dtype: DType) -> Result<()> {
    let x = normal(1, shape.iter().product(), dtype);
    let grad = normal(2, shape[0] * shape[3], dtype);
    let (means, gradient) = run(&x, &grad, shape, DType::F32, &Device::Cpu)?;
    let (found, found_gradient) = run(&x, &grad, shape, dtype, &cuda())?;
    assert_eq!((found.dtype(), found.dims()), (dtype, means.dims()));
    assert_near(&format!("means of {shape:?}, {dtype:?}"), &found, &download(&means)?, 1.0)?;
    assert_near(&format!("gradient of {shape:?}, {dtype:?}"), &found_gradient, &download(&gradient)?, 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn equals_the_cpu(
        images in 1usize..4,
        height in 1usize..20,
        width in 1usize..10,
        channels in prop_oneof![1usize..20, Just(8), Just(264), 250usize..270],
        dtype in formats(),
    ) {
        check([images, height, width, channels], dtype).unwrap();
    }
}

#[test]
fn equals_the_cpu_on_small_shapes() -> Result<()> {
    for dtype in [DType::F32, DType::BF16] {
        check([1, 1, 1, 1], dtype)?;
        check([2, 3, 5, 8], dtype)?;
        check([3, 7, 1, 37], dtype)?;
    }
    Ok(())
}

#[test]
fn a_part_of_a_tensor_is_taken() -> Result<()> {
    // Its first element is not at a multiple of 16 bytes.
    let device = cuda();
    let all = Tensor::from_vec(normal(1, 3 * 8, DType::F32), (3, 8), &Device::Cpu)?;
    let part = |all: &Tensor| all.flatten_all()?.narrow(0, 3, 16)?.reshape((1, 1, 2, 8));
    let means = global_mean(&part(&all)?)?;
    assert_near("means", &global_mean(&part(&all.to_device(&device)?)?)?, &download(&means)?, 1.0)
}
