use candle_core::{DType, Device, Result, Tensor, Var};
use proptest::prelude::*;

use crate::backend::cuda::near::{assert_near, cuda, download, normal};
use crate::ops::cross_entropy::{cross_entropy, smoothed};

/// Loss and gradient, with a factor behind the loss, so that the gradient that comes in is not 1.
fn run(logits: &[f32], targets: &[f32], shape: (usize, usize), device: &Device) -> Result<(Tensor, Tensor)> {
    let logits = Var::from_slice(logits, shape, device)?;
    let loss = cross_entropy(&logits, &Tensor::from_slice(targets, shape, device)?)?;
    let store = (&loss * 3.0)?.backward()?;
    Ok((loss, store.get(&logits).unwrap().clone()))
}

fn check(rows: usize, classes: usize) -> Result<()> {
    let logits: Vec<f32> = normal(1, rows * classes, DType::F32).iter().map(|z| 4.0 * z).collect();
    let targets: Vec<f32> = normal(2, rows * classes, DType::F32).iter().map(|t| t.abs()).collect();
    let (loss, gradient) = run(&logits, &targets, (rows, classes), &Device::Cpu)?;
    let (found, found_gradient) = run(&logits, &targets, (rows, classes), &cuda())?;
    assert_eq!(found.dims(), loss.dims());
    assert_near(&format!("loss of {rows} x {classes}"), &found, &download(&loss)?, 0.0)?;
    assert_near(&format!("gradient of {rows} x {classes}"), &found_gradient, &download(&gradient)?, 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn equals_the_cpu(rows in 1usize..9, classes in prop_oneof![1usize..40, Just(1000), 255usize..520]) {
        check(rows, classes).unwrap();
    }
}

#[test]
fn equals_the_cpu_on_small_shapes() -> Result<()> {
    [(1, 1), (3, 10), (2, 65)].into_iter().try_for_each(|(rows, classes)| check(rows, classes))
}

#[test]
fn more_rows_than_threads_are_averaged() -> Result<()> {
    check(600, 2)
}

#[test]
fn large_logits_do_not_overflow_and_nan_is_not_hidden() -> Result<()> {
    let device = cuda();
    let targets = smoothed(&[0, 1], 3, 0.1)?.to_device(&device)?;
    let loss = |logits: [f32; 6]| -> Result<f32> {
        cross_entropy(&Tensor::from_slice(&logits, (2, 3), &device)?, &targets)?.to_scalar()
    };
    assert!(loss([1e4, -1e4, 0.0, 3e5, 0.0, -3e5])?.is_finite());
    assert!(loss([0.0, 1.0, f32::NAN, 0.0, 0.0, 0.0])?.is_nan());
    Ok(())
}
