use std::ops::Range;
#[cfg(feature = "train")]
use std::sync::Arc;

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
#[cfg(feature = "train")]
use crate::collective::Collective;
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

/// The numbers that a case is run on.
struct Inputs {
    z: Vec<f32>,
    residual: Vec<f32>,
    grad: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    /// A factor for each image.
    branch: Option<Vec<f32>>,
}

/// What a device makes of them.
struct Found {
    y: Tensor,
    moments: Option<BatchMoments>,
    of_z: Tensor,
    of_gamma: Tensor,
    of_beta: Tensor,
}

impl Case {
    fn inputs(&self) -> Inputs {
        let Case { shape: [images, height, width, channels], dtype, .. } = *self;
        let [z, residual, grad] = [1, 2, 3].map(|sample| normal(sample, images * height * width * channels, dtype));
        let [gamma, beta, mean] = [4, 5, 6].map(|sample| normal(sample, channels, DType::F32));
        let variance = normal(7, channels, DType::F32).iter().map(|v| 0.1 + v * v).collect();
        let factors = || (0..images).map(|image| [0.0, 1.25][image % 2]).collect();
        let branch = matches!(self.added, Added::DropPath).then(factors);
        Inputs { z, residual, grad, gamma, beta, mean, variance, branch }
    }

    /// What a device makes of some of the images.
    fn on(&self, device: &Device, inputs: &Inputs, norm: Norm, images: Range<usize>) -> Result<Found> {
        let Case { shape: [_, height, width, channels], dtype, activation, .. } = *self;
        let elements = height * width * channels;
        let map = |values: &[f32]| {
            let values = &values[images.start * elements..images.end * elements];
            upload(values, &[images.len(), height, width, channels], dtype, device)
        };
        let row = |values: &[f32]| upload(values, &[channels], DType::F32, device);
        let (z, residual, grad) = (map(&inputs.z)?, map(&inputs.residual)?, map(&inputs.grad)?);
        let op = op(norm, &row(&inputs.gamma)?, &row(&inputs.beta)?, activation)?;
        let branch = inputs.branch.as_ref().map(|branch| &branch[images.clone()]);
        let (normed, moments) = Normed::new(&z, &op, branch)?;
        let y = normed.output(&z, (!matches!(self.added, Added::Nothing)).then_some(&residual))?;
        let (of_z, [of_gamma, of_beta]) = normed.backward(&z, &grad)?;
        assert_eq!([y.dtype(), of_z.dtype()], [dtype; 2]);
        Ok(Found { y, moments, of_z, of_gamma, of_beta })
    }

    /// Holds what was found for the whole batch against the CPU's.
    fn hold(&self, inputs: &Inputs, found: &Found) -> Result<()> {
        let Case { shape: [images, height, width, channels], activation, .. } = *self;
        let Inputs { z, residual, grad, gamma, beta, mean, variance, branch } = inputs;
        let (level, rows, ones) = (Level::current(), images * height * width, vec![1.0; images]);
        let moments = moments(level, z, channels);
        let norm = if self.is_batch {
            Normalisation::new(&moments.mean(), &moments.variance(), gamma, beta, EPS, Some(rows))
        } else {
            Normalisation::new(mean, variance, gamma, beta, EPS, None)
        };
        let residual = Residual { values: residual, branch: branch.as_deref().unwrap_or(&ones) };
        let residual = (!matches!(self.added, Added::Nothing)).then_some(residual);
        let (mut y, mut dz) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        kernel::forward(level, z, &mut y, &norm, activation, residual);
        let of_result = OfResult { affine: None, branch: branch.as_deref() };
        let [of_gamma, of_beta] = kernel::backward(level, z, Some(grad), of_result, &norm, activation, &mut dz)?;

        let what = |name: &str| format!("{name} of {self:?}");
        assert_near(&what("result"), &found.y, &y, 1.0)?;
        assert_eq!(found.moments.is_some(), self.is_batch);
        if let Some(BatchMoments { mean, variance }) = &found.moments {
            assert_near(&what("mean"), mean, &moments.mean(), 1.0)?;
            assert_near(&what("variance"), variance, &moments.unbiased_variance(), 1.0)?;
        }
        // Size that the terms of the gradient of z can come to before they cancel.
        let largest_scale = norm.scale.iter().fold(1.0, |largest: f32, scale| largest.max(scale.abs()));
        assert_near(&what("gradient of z"), &found.of_z, &dz, largest_scale)?;
        assert_near(&what("gradient of γ"), &found.of_gamma, &of_gamma, rows as f32)?;
        assert_near(&what("gradient of β"), &found.of_beta, &of_beta, rows as f32)
    }
}

/// The same on both sides: result, moments, gradients.
fn check(case: &Case) -> Result<()> {
    let (device, inputs) = (cuda(), case.inputs());
    let row = |values: &[f32]| upload(values, &[values.len()], DType::F32, &device);
    let norm = if case.is_batch {
        Norm::Batch
    } else {
        Norm::Running { mean: row(&inputs.mean)?, variance: row(&inputs.variance)? }
    };
    case.hold(&inputs, &case.on(&device, &inputs, norm, 0..case.shape[0])?)
}

/// What the ranks of a group make of a batch that is cut over them, in runs of so many images. A rank that has none runs
/// another's first, and counts nothing.
#[cfg(feature = "train")]
fn by_ranks(case: &Case, inputs: &Inputs, cut: &[usize]) -> Result<Found> {
    let without_gradient = Inputs { grad: vec![0.0; inputs.grad.len()], ..case.inputs() };
    let run = |rank, images: Range<usize>| {
        let rank: Arc<dyn Collective> = Arc::new(rank);
        if images.is_empty() {
            let found = case.on(&cuda(), &without_gradient, Norm::Others(rank), 0..1)?;
            assert!(download(&found.of_z)?.iter().all(|gradient| *gradient == 0.0), "{case:?}");
            return Ok(None);
        }
        case.on(&cuda(), inputs, Norm::Synchronised(rank), images).map(Some)
    };
    let ends = cut.iter().scan(0, |end, images| {
        *end += images;
        Some(*end - images..*end)
    });
    let ranks = crate::collective::threads(cut.len())?.into_iter().zip(ends);
    let found: Vec<Option<Found>> = std::thread::scope(|scope| {
        let ranks: Vec<_> = ranks.map(|(rank, images)| scope.spawn(|| run(rank, images))).collect();
        ranks.into_iter().map(|rank| rank.join().expect("a rank panicked")).collect::<Result<_>>()
    })?;
    let found: Vec<Found> = found.into_iter().flatten().collect();
    let moments = |found: &Found| -> Result<Vec<f32>> {
        let BatchMoments { mean, variance } = found.moments.as_ref().expect("moments of a batch");
        Ok([download(mean)?, download(variance)?].concat())
    };
    let first = moments(&found[0])?;
    for of_rank in &found {
        assert_eq!(moments(of_rank)?, first, "ranks have other moments of {case:?}");
    }
    let rows = |of: fn(&Found) -> &Tensor| -> Result<Vec<Tensor>> {
        found.iter().map(|found| of(found).to_device(&Device::Cpu)).collect()
    };
    let joined = |of: fn(&Found) -> &Tensor| Tensor::cat(&rows(of)?, 0);
    let sum = |of: fn(&Found) -> &Tensor| Tensor::stack(&rows(of)?, 0)?.sum(0);
    Ok(Found {
        y: joined(|found| &found.y)?,
        of_z: joined(|found| &found.of_z)?,
        of_gamma: sum(|found| &found.of_gamma)?,
        of_beta: sum(|found| &found.of_beta)?,
        moments: found.into_iter().next().and_then(|found| found.moments),
    })
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

#[cfg(feature = "train")]
#[test]
fn ranks_that_share_a_batch_equal_the_cpu() -> Result<()> {
    for dtype in [DType::F32, DType::BF16] {
        for (cut, shape) in [(&[1, 1][..], [2, 3, 5, 8]), (&[1, 3], [4, 1, 2, 37]), (&[2, 0, 1], [3, 7, 4, 16])] {
            for (added, activation) in [(Added::Nothing, ACTIVATIONS[1]), (Added::DropPath, ACTIVATIONS[0])] {
                let case = Case { shape, dtype, activation, is_batch: true, added };
                let inputs = case.inputs();
                case.hold(&inputs, &by_ranks(&case, &inputs, cut)?)?;
            }
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
