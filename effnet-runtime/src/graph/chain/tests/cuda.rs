use candle_core::{DType, Device, Result, Tensor, Var};
use effnet_spec::{Activation, Gate, Padding};

use crate::backend::cuda::near::{assert_near, cuda, download, normal, upload};
use crate::graph::{ConvNormAct, Kind, Layer, Norm, Sequence, Shortcut, SqueezeExcite, Window, chain};

/// Shapes of a block's parameters: an expansion, a filter, a squeeze-and-excitation, a projection, each convolution
/// with its scale and shift.
const SHAPES: [&[usize]; 13] = [
    &[16, 8, 1, 1],
    &[16],
    &[16],
    &[16, 1, 3, 3],
    &[16],
    &[16],
    &[3, 16, 1, 1],
    &[3],
    &[16, 3, 1, 1],
    &[16],
    &[8, 16, 1, 1],
    &[8],
    &[8],
];

const MAP: [usize; 4] = [2, 5, 4, 8];

fn convolution(kind: Kind, kernel: usize, vars: &[Var], activation: Option<Activation>) -> Layer {
    let window = Window { kernel, stride: 1, padding: Padding::Symmetric };
    let [weight, gamma, beta] = [0, 1, 2].map(|at| vars[at].as_tensor().clone());
    Layer::ConvNormAct(ConvNormAct { kind, window, weight, gamma, beta, eps: 1e-3, norm: Norm::Batch, activation })
}

/// Result, moments, and gradients of input and parameters, of a block that is taken `times` times on a device, with a
/// number of gates one after the other, and with a shortcut around the last one or without.
fn run(device: &Device, dtype: DType, has_shortcut: bool, times: usize, gates: usize) -> Result<Vec<Tensor>> {
    let var = |sample: u64, shape: &[usize], dtype| {
        Var::from_tensor(&upload(&normal(sample, shape.iter().product(), DType::BF16), shape, dtype, device)?)
    };
    let vars: Vec<Var> =
        (10..).zip(SHAPES).map(|(sample, shape)| var(sample, shape, DType::F32)).collect::<Result<_>>()?;
    let x = var(1, &MAP, dtype)?;
    let silu = Activation::Silu;
    let [reduce_weight, reduce_bias, expand_weight, expand_bias] = [6, 7, 8, 9].map(|at| vars[at].as_tensor().clone());
    let gate = Gate::Sigmoid;
    let squeeze = SqueezeExcite { reduce_weight, reduce_bias, expand_weight, expand_bias, activation: silu, gate };
    let mut layers = vec![
        convolution(Kind::Dense, 1, &vars[0..], Some(silu)),
        convolution(Kind::Depthwise, 3, &vars[3..], Some(silu)),
    ];
    layers.extend(vec![Layer::SqueezeExcite(squeeze); gates]);
    layers.push(convolution(Kind::Dense, 1, &vars[10..], None));
    let branch = [1.25, 0.0];
    let shortcut = has_shortcut.then_some(Shortcut { branch: Some(branch.to_vec()) });
    let sequences: Vec<_> = (1..=times)
        .map(|time| Sequence { layers: layers.to_vec(), shortcut: shortcut.clone().filter(|_| time == times) })
        .collect();
    let (y, moments) = chain(x.as_tensor(), &sequences)?;
    assert_eq!(y.dtype(), dtype);
    let grad = upload(&normal(3, y.elem_count(), DType::F32), y.dims(), DType::F32, device)?;
    let gradients = (y.to_dtype(DType::F32)? * grad)?.sum_all()?.backward()?;
    let mut all = vec![y.detach()];
    all.extend(moments.into_iter().flatten().flat_map(|moments| [moments.mean, moments.variance]));
    for var in std::iter::once(&x).chain(&vars) {
        let Some(gradient) = gradients.get(var) else { candle_core::bail!("a gradient is missing") };
        all.push(gradient.clone());
    }
    Ok(all)
}

/// Rounding of a sum whose terms cancel is relative to the terms: that of a gradient of a projection's input is, and of
/// a shift that a normalisation takes out again.
const SCALE: f32 = 10.0;

#[test]
fn two_blocks_equal_the_cpus() -> Result<()> {
    for (has_shortcut, gates) in [(false, 1), (true, 1), (true, 2)] {
        let on = |device: &Device| run(device, DType::F32, has_shortcut, 2, gates);
        let (found, expected) = (on(&cuda())?, on(&Device::Cpu)?);
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found.dims(), expected.dims());
            assert_near(&format!("tensor {at}, {has_shortcut}, {gates} gates"), found, &download(expected)?, SCALE)?;
        }
    }
    Ok(())
}

/// How far moments and gradients of a block in bf16, all together, may be from the CPU's f32 ones, relative in norm:
/// some roundings of 2⁻⁸. The emulation makes 5.1e-3.
const BF16_TOLERANCE: f32 = 1e-2;

#[test]
fn a_block_in_bf16_is_near_the_cpus() -> Result<()> {
    let (found, expected) = (run(&cuda(), DType::BF16, true, 1, 1)?, run(&Device::Cpu, DType::F32, true, 1, 1)?);
    // The result and the input's gradient keep the map's format; all else is f32.
    assert_eq!(found.iter().filter(|tensor| tensor.dtype() == DType::BF16).count(), 2);
    assert_near("result", &found[0], &download(&expected[0])?, SCALE)?;
    let (mut error, mut size) = (0f32, 0f32);
    for (found, expected) in found[1..].iter().zip(&expected[1..]) {
        for (found, expected) in download(found)?.iter().zip(download(expected)?) {
            error += (found - expected).powi(2);
            size += expected.powi(2);
        }
    }
    let error = (error / size).sqrt();
    assert!(error <= BF16_TOLERANCE, "{error}");
    Ok(())
}

#[test]
fn an_evaluation_records_nothing() -> Result<()> {
    let device = cuda();
    let x = upload(&normal(1, MAP.iter().product(), DType::F32), &MAP, DType::F32, &device)?;
    let vars = [&[4usize, 8, 1, 1] as &[usize], &[4], &[4]]
        .map(|shape| Var::ones(shape, DType::F32, &device).map(|var| var.as_tensor().detach()));
    let [weight, gamma, beta] = vars;
    let (weight, gamma, beta) = (weight?, gamma?, beta?);
    let window = Window { kernel: 1, stride: 1, padding: Padding::Same };
    let norm = Norm::Running { mean: gamma.clone(), variance: beta.clone() };
    let (kind, eps, activation) = (Kind::Dense, 1e-3, None);
    let op = ConvNormAct { kind, window, weight, gamma, beta, eps, norm, activation };
    let sequence = Sequence { layers: vec![Layer::ConvNormAct(op)], shortcut: None };
    let (y, moments) = chain(&x, &[sequence])?;
    assert!(!y.track_op() && moments[0].is_none());
    assert!(chain(&x, &[]).is_err());
    Ok(())
}
