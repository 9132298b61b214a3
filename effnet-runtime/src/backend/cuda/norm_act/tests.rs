use candle_core::{DType, Device, Result, Tensor};
use effnet_kernels::simd::Level;
use effnet_spec::{Activation, Padding};
use proptest::prelude::*;

use super::Normed;
use crate::backend::cpu::norm_act::tests::moments;
use crate::backend::cpu::norm_act::{self as kernel, Normalisation, OfResult, Residual};
use crate::backend::cuda::near::{assert_near, cuda, download, normal, upload};
use crate::backend::layer::BatchMoments;
use crate::backend::window::{Kind, Window};
use crate::graph::{ConvNormAct, Layer, Norm, Sequence, chain};

const EPS: f64 = 1e-3;

const ACTIVATIONS: [Option<Activation>; 5] =
    [None, Some(Activation::Silu), Some(Activation::Relu), Some(Activation::Relu6), Some(Activation::HardSwish)];

#[derive(Clone, Copy, Debug)]
enum Added {
    Nothing,
    Residual,
    DropPath,
}

#[derive(Clone, Debug)]
struct Case {
    shape: [usize; 4],
    dtype: DType,
    activation: Option<Activation>,
    is_batch: bool,
    added: Added,
}

/// A 1×1 convolution of as many channels out as in, and this normalisation.
fn op(norm: Norm, gamma: &Tensor, beta: &Tensor, activation: Option<Activation>) -> Result<ConvNormAct> {
    let channels = gamma.elem_count();
    let weight = Tensor::ones((channels, channels, 1, 1), DType::F32, gamma.device())?;
    let window = Window { kernel: 1, stride: 1, padding: Padding::Same };
    let (gamma, beta) = (gamma.clone(), beta.clone());
    Ok(ConvNormAct { kind: Kind::Dense, window, weight, gamma, beta, eps: EPS, norm, activation })
}

/// The same on both sides: result, moments, gradients.
fn check(case: &Case) -> Result<()> {
    let device = cuda();
    let Case { shape: [images, height, width, channels], dtype, activation, .. } = *case;
    let (rows, length) = (images * height * width, images * height * width * channels);
    let [z, residual, grad] = [1, 2, 3].map(|sample| normal(sample, length, dtype));
    let [gamma, beta, mean] = [4, 5, 6].map(|sample| normal(sample, channels, DType::F32));
    let variance: Vec<f32> = normal(7, channels, DType::F32).iter().map(|v| 0.1 + v * v).collect();
    let factors: Vec<f32> = (0..images).map(|image| [0.0, 1.25][image % 2]).collect();
    let branch = matches!(case.added, Added::DropPath).then_some(&factors[..]);
    let is_added = !matches!(case.added, Added::Nothing);

    let (level, ones) = (Level::current(), vec![1.0; images]);
    let found = moments(level, &z, channels);
    let norm = if case.is_batch {
        Normalisation::new(&found.mean(), &found.variance(), &gamma, &beta, EPS, Some(rows))
    } else {
        Normalisation::new(&mean, &variance, &gamma, &beta, EPS, None)
    };
    let on_cpu = is_added.then_some(Residual { values: &residual, branch: branch.unwrap_or(&ones) });
    let (mut y, mut dz) = (vec![0.0; length], vec![0.0; length]);
    kernel::forward(level, &z, &mut y, &norm, activation, on_cpu);
    let of_result = OfResult { affine: None, branch };
    let [of_gamma, of_beta] = kernel::backward(level, &z, Some(&grad), of_result, &norm, activation, &mut dz);

    let map = |values: &[f32]| upload(values, &case.shape, dtype, &device);
    let row = |values: &[f32]| upload(values, &[channels], DType::F32, &device);
    let (of_z, of_shortcut, gamma, beta) = (map(&z)?, map(&residual)?, row(&gamma)?, row(&beta)?);
    let (mean, variance) = (row(&mean)?, row(&variance)?);
    let running = Norm::Running { mean, variance };
    let norm_of = if case.is_batch { Norm::Batch } else { running };
    let (normed, moments) = Normed::new(&of_z, &op(norm_of, &gamma, &beta, activation)?, branch)?;
    let found_y = normed.output(&of_z, is_added.then_some(&of_shortcut))?;
    let what = |name: &str| format!("{name} of {case:?}");
    assert_eq!(found_y.dtype(), dtype);
    assert_near(&what("result"), &found_y, &y, 1.0)?;
    assert_eq!(moments.is_some(), case.is_batch);
    if let Some(BatchMoments { mean, variance }) = &moments {
        assert_near(&what("mean"), mean, &found.mean(), 1.0)?;
        assert_near(&what("variance"), variance, &found.unbiased_variance(), 1.0)?;
    }
    let (of_z, [gamma, beta]) = normed.backward(&of_z, &map(&grad)?)?;
    assert_eq!(of_z.dtype(), dtype);
    // Size that the terms of the gradient of z can come to before they cancel.
    let largest_scale = norm.scale.iter().fold(1.0, |largest: f32, scale| largest.max(scale.abs()));
    assert_near(&what("gradient of z"), &of_z, &dz, largest_scale)?;
    assert_near(&what("gradient of γ"), &gamma, &of_gamma, rows as f32)?;
    assert_near(&what("gradient of β"), &beta, &of_beta, rows as f32)
}

fn case() -> impl Strategy<Value = Case> {
    let channels = prop_oneof![1usize..20, Just(8), Just(24), Just(264), 250usize..270];
    let added = prop_oneof![Just(Added::Nothing), Just(Added::Residual), Just(Added::DropPath)];
    let dtype = prop_oneof![Just(DType::F32), Just(DType::BF16)];
    let activation = (0..ACTIVATIONS.len()).prop_map(|at| ACTIVATIONS[at]);
    (1usize..4, 1usize..8, 1usize..8, channels, dtype, activation, any::<bool>(), added).prop_map(
        |(images, height, width, channels, dtype, activation, is_batch, added)| Case {
            shape: [images, height, width, channels],
            dtype,
            activation,
            is_batch,
            added,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn equals_the_cpu(case in case()) {
        check(&case).unwrap();
    }
}

#[test]
fn equals_the_cpu_on_small_shapes() -> Result<()> {
    for dtype in [DType::F32, DType::BF16] {
        for (at, shape) in [[1, 1, 1, 1], [2, 3, 5, 8], [3, 1, 2, 37], [1, 7, 4, 16]].into_iter().enumerate() {
            let activation = ACTIVATIONS[at];
            check(&Case { shape, dtype, activation, is_batch: true, added: Added::DropPath })?;
            check(&Case { shape, dtype, activation, is_batch: false, added: Added::Nothing })?;
        }
    }
    Ok(())
}

#[test]
fn many_blocks_of_rows_are_joined() -> Result<()> {
    check(&Case {
        shape: [3, 70, 61, 3],
        dtype: DType::F32,
        activation: Some(Activation::Silu),
        is_batch: true,
        added: Added::Nothing,
    })
}

#[test]
fn moments_do_not_cancel() -> Result<()> {
    // A mean of 1,000 standard deviations: a sum of squares in f32 would leave nothing of the variance.
    let (device, channels) = (cuda(), 4);
    let z: Vec<f32> = normal(1, 5_000 * channels, DType::F32).iter().map(|z| 1000.0 + z).collect();
    let expected = moments(Level::current(), &z, channels);
    let ones = upload(&vec![1.0; channels], &[channels], DType::F32, &device)?;
    let z = upload(&z, &[1, 50, 100, channels], DType::F32, &device)?;
    let BatchMoments { mean, variance } = Normed::new(&z, &op(Norm::Batch, &ones, &ones, None)?, None)?.1.unwrap();
    for (found, expected) in download(&mean)?.iter().zip(&expected.mean()) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
    for (found, expected) in download(&variance)?.iter().zip(&expected.unbiased_variance()) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
    }
    Ok(())
}

#[test]
fn nan_is_not_hidden() -> Result<()> {
    let device = cuda();
    let ones = upload(&[1.0; 3], &[3], DType::F32, &device)?;
    for activation in ACTIVATIONS {
        let z = upload(&[f32::NAN; 3], &[1, 1, 1, 3], DType::F32, &device)?;
        let norm = Norm::Running { mean: ones.clone(), variance: ones.clone() };
        let (normed, _) = Normed::new(&z, &op(norm, &ones, &ones, activation)?, None)?;
        assert!(download(&normed.output(&z, None)?)?.iter().all(|y| y.is_nan()), "{activation:?}");
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_named() -> Result<()> {
    let device = cuda();
    let row = upload(&[1.0; 3], &[3], DType::F32, &device)?;
    let op = ConvNormAct { weight: row.reshape((3, 1, 1, 1))?.detach(), ..op(Norm::Batch, &row, &row, None)? };
    let x = upload(&[0.0; 4], &[1, 2, 2, 1], DType::F32, &device)?;
    let says = |op: &ConvNormAct, x: &Tensor| {
        let sequence = Sequence { layers: vec![Layer::ConvNormAct(op.clone())], shortcut: None };
        chain(x, &[sequence]).err().unwrap().to_string()
    };
    let two = ConvNormAct { weight: op.weight.narrow(0, 0, 2)?, ..op.clone() };
    assert!(says(&two, &x).contains("a normalisation was given a scale [3]; it must be [2]"));
    let error = Normed::new(&x.to_device(&Device::Cpu)?, &op, None).err().unwrap().to_string();
    assert!(error.contains("CUDA"), "{error}");
    Ok(())
}
