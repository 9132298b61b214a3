use candle_core::{DType, Device, Result, Tensor, Var};
use effnet_spec::{Activation, Gate as Opening};
use proptest::prelude::*;

use super::Gate;
use crate::backend::cuda::near::{assert_near, cuda, download, formats, normal, upload};
use crate::graph::{Layer, Sequence, SqueezeExcite, chain};

const ACTIVATIONS: [Activation; 4] = [Activation::Silu, Activation::Relu, Activation::Relu6, Activation::HardSwish];

fn op(params: &[Tensor], (activation, gate): (Activation, Opening)) -> SqueezeExcite {
    SqueezeExcite {
        reduce_weight: params[0].clone(),
        reduce_bias: params[1].clone(),
        expand_weight: params[2].clone(),
        expand_bias: params[3].clone(),
        activation,
        gate,
    }
}

fn check(shape: [usize; 4], squeezed: usize, dtype: DType, functions: (Activation, Opening)) -> Result<()> {
    let (device, [_, height, width, channels]) = (cuda(), shape);
    let length = shape.iter().product();
    let (x, grad) = (normal(1, length, dtype), normal(2, length, dtype));
    let shapes = [vec![squeezed, channels, 1, 1], vec![squeezed], vec![channels, squeezed, 1, 1], vec![channels]];
    let params: Vec<Vec<f32>> =
        (3..).zip(&shapes).map(|(sample, shape)| normal(sample, shape.iter().product(), DType::F32)).collect();

    let var = |values: &[f32], shape: &[usize]| Var::from_slice(values, shape, &Device::Cpu);
    let of_x = var(&x, &shape)?;
    let vars = params.iter().zip(&shapes).map(|(values, shape)| var(values, shape)).collect::<Result<Vec<_>>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let layers = vec![Layer::SqueezeExcite(op(&tensors, functions))];
    let y = chain(&of_x, &[Sequence { layers, shortcut: None }])?.0;
    let store = (&y * Tensor::from_slice(&grad, &shape, &Device::Cpu)?)?.sum_all()?.backward()?;
    let gradient = |var: &Var| download(store.get(var).unwrap());

    let tensors = params
        .iter()
        .zip(&shapes)
        .map(|(values, shape)| upload(values, shape, DType::F32, &device))
        .collect::<Result<Vec<_>>>()?;
    let x = upload(&x, &shape, dtype, &device)?;
    let gate = Gate::open(&x, &op(&tensors, functions), squeezed)?;
    let found = gate.scale(&x, None)?;
    let what = |name: &str| format!("{name} of {shape:?} through {squeezed}, {dtype:?}, {functions:?}");
    assert_eq!(found.dtype(), dtype);
    assert_near(&what("result"), &found, &download(&y)?, 1.0)?;
    let (input, params) = gate.backward(&x, &upload(&grad, &shape, dtype, &device)?, true)?;
    assert_near(&what("gradient of x"), &input.unwrap(), &gradient(&of_x)?, 1.0)?;
    for (at, (found, var)) in params.iter().zip(&vars).enumerate() {
        assert_eq!(found.dims(), shapes[at]);
        assert_near(&what(&format!("gradient of parameter {at}")), found, &gradient(var)?, (height * width) as f32)?;
    }
    assert!(gate.backward(&x, &x, false)?.0.is_none());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn equals_the_cpu(
        images in 1usize..4,
        height in 1usize..8,
        width in 1usize..8,
        channels in prop_oneof![1usize..20, Just(8), Just(48), Just(264), 250usize..270],
        squeezed in 1usize..6,
        dtype in formats(),
        activation in 0..ACTIVATIONS.len(),
        gate in 0..Opening::ALL.len(),
    ) {
        check([images, height, width, channels], squeezed, dtype, (ACTIVATIONS[activation], Opening::ALL[gate])).unwrap();
    }
}

#[test]
fn equals_the_cpu_on_small_shapes() -> Result<()> {
    for dtype in [DType::F32, DType::BF16] {
        for gate in Opening::ALL {
            check([1, 1, 1, 1], 1, dtype, (Activation::Silu, gate))?;
            check([2, 3, 5, 8], 2, dtype, (Activation::Relu, gate))?;
            check([3, 2, 1, 37], 1, dtype, (Activation::HardSwish, gate))?;
        }
    }
    Ok(())
}

#[test]
fn large_images_are_summed_in_parts() -> Result<()> {
    check([1, 80, 70, 3], 1, DType::F32, (Activation::Silu, Opening::Sigmoid))
}

#[test]
fn what_does_not_fit_is_named() -> Result<()> {
    let device = cuda();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &device);
    let params = [zeros(&[2, 4, 1, 1])?, zeros(&[2])?, zeros(&[4, 2, 1, 1])?, zeros(&[3])?];
    let sequence = Sequence {
        layers: vec![Layer::SqueezeExcite(op(&params, (Activation::Silu, Opening::Sigmoid)))],
        shortcut: None,
    };
    let error = chain(&zeros(&[1, 2, 2, 4])?, &[sequence]).err().unwrap();
    assert!(
        error.to_string().contains("a squeeze-and-excitation was given an expanding bias [3]; it must be [4]"),
        "{error}"
    );
    Ok(())
}
