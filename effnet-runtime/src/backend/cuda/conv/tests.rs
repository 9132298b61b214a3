use candle_core::{DType, Device, Result, Tensor, Var};
use effnet_spec::Padding;
use proptest::prelude::*;

use super::weights::Order;
use super::{backward_input, backward_input_onto};
use crate::backend::cpu::conv::tests::ConvProblem;
use crate::backend::cuda::near::{assert_near, cuda, download, normal, upload};
use crate::backend::cuda::{Element, device};
use crate::backend::window::{Geometry, Kind, Window};
use crate::graph::testing::convolution;
use crate::ops::check::Problem;

/// Result, gradient of the input, gradient of the weight.
fn run(problem: &ConvProblem, inputs: &[Vec<f32>; 3], dtype: DType, device: &Device) -> Result<[Tensor; 3]> {
    let x = Var::from_tensor(&upload(&inputs[0], &problem.in_shape(), dtype, device)?)?;
    let weight = Var::from_tensor(&upload(&inputs[1], &problem.weight_shape(), DType::F32, device)?)?;
    let y = problem.op(&[x.as_tensor().clone(), weight.as_tensor().clone()])?;
    let grad = upload(&inputs[2], y.dims(), DType::F32, device)?;
    let gradients = (y.to_dtype(DType::F32)? * grad)?.sum_all()?.backward()?;
    let of = |var: &Var| match gradients.get(var) {
        Some(gradient) => Ok(gradient.clone()),
        None => candle_core::bail!("a gradient is missing"),
    };
    Ok([y.detach(), of(&x)?, of(&weight)?])
}

/// The largest sum of magnitudes that an element of a dense convolution's gradient of `x` is summed of: the products of
/// the weights and the gradient, one for each place of the window, are written down in the map's number format before.
fn largest_sum(problem: &ConvProblem, inputs: &[Vec<f32>; 3]) -> f32 {
    let taps = problem.window.kernel * problem.window.kernel;
    let mut products = vec![0f32; inputs[0].len() * taps];
    problem.products(|(x, w, y)| products[x * taps + w % taps] += inputs[1][w] * inputs[2][y]);
    products.chunks(taps).map(|of_x| of_x.iter().map(|product| product.abs()).sum()).fold(1.0, f32::max)
}

/// Whether cuDNN does a convolution of maps that start anywhere it takes.
#[cfg(feature = "cudnn")]
fn is_cudnns(problem: &ConvProblem) -> Result<bool> {
    let geometry = Geometry::of(problem.kind(), &problem.in_shape(), &problem.weight_shape(), problem.window)?;
    Ok(!problem.depthwise && super::cudnn::is_for(&geometry, &[]))
}

#[cfg(not(feature = "cudnn"))]
fn is_cudnns(_: &ConvProblem) -> Result<bool> {
    Ok(false)
}

/// A convolution's three directions on the device against the CPU's, which has numbers that the format holds.
pub(crate) fn check(problem: &ConvProblem, dtype: DType) -> Result<()> {
    let length = |shape: Vec<usize>| shape.into_iter().product::<usize>();
    let lengths = [problem.in_shape(), problem.weight_shape(), problem.out_shape()].map(length);
    let inputs = [0, 1, 2].map(|at| normal(at as u64, lengths[at], dtype));
    let on_cpu = run(problem, &inputs, DType::F32, &Device::Cpu)?;
    let on_device = run(problem, &inputs, dtype, &cuda())?;
    for ((what, found), expected) in ["result", "gradient of x", "gradient of w"].iter().zip(&on_device).zip(&on_cpu) {
        assert_eq!(found.dims(), expected.dims(), "{what} of {problem:?}");
        assert_eq!(found.dtype(), if what.ends_with('w') { DType::F32 } else { dtype }, "{what}");
        let is_of_rounded = dtype == DType::BF16 && what.ends_with('x') && !problem.depthwise;
        let scale = if is_of_rounded { largest_sum(problem, &inputs) } else { 1.0 };
        // cuDNN's gradients of weights are in the maps' format when they become f32.
        let is_of_maps_format = what.ends_with('w') && is_cudnns(problem)?;
        let found = if is_of_maps_format { found.to_dtype(dtype)? } else { found.clone() };
        assert_near(&format!("{what} of {problem:?} in {dtype:?}"), &found, &download(expected)?, scale)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn dense_equals_the_cpu(
        problem in ConvProblem::any(false),
        dtype in prop_oneof![Just(DType::F32), Just(DType::BF16)],
    ) {
        check(&problem, dtype).unwrap();
    }
}

#[test]
fn packs_of_channels_equal_the_cpu() {
    for (kernel, stride) in [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)] {
        for padding in [Padding::Symmetric, Padding::Same] {
            let window = Window { kernel, stride, padding };
            let problem =
                ConvProblem { batch: 2, size: (6, 7), in_channels: 24, out_channels: 16, window, depthwise: false };
            check(&problem, DType::F32).unwrap();
            check(&problem, DType::BF16).unwrap();
        }
    }
}

#[test]
fn every_kernel_on_small_shapes() {
    for (kernel, channels) in [(1, 8), (3, 8), (3, 3)] {
        let window = Window { kernel, stride: 1, padding: Padding::Same };
        let problem =
            ConvProblem { batch: 1, size: (4, 3), in_channels: channels, out_channels: 5, window, depthwise: false };
        check(&problem, DType::F32).unwrap();
        check(&problem, DType::BF16).unwrap();
    }
}

#[test]
fn two_roundings_may_add_up() {
    let window = Window { kernel: 3, stride: 2, padding: Padding::Symmetric };
    let problem = ConvProblem { batch: 1, size: (1, 3), in_channels: 40, out_channels: 40, window, depthwise: false };
    check(&problem, DType::BF16).unwrap();
}

/// The cases cover every way that an input's gradient is found: as one product, of windows, by cuDNN.
#[test]
fn a_gradient_added_to_another_is_their_sum_on_small_shapes() -> Result<()> {
    for (kernel, stride) in [(1, 1), (1, 2), (3, 1), (3, 2)] {
        let window = Window { kernel, stride, padding: Padding::Same };
        for (channels, dtype) in [(8, DType::F32), (8, DType::BF16), (3, DType::F32), (3, DType::BF16)] {
            let geometry = Geometry::of(Kind::Dense, &[2, 5, 4, channels], &[6, channels, kernel, kernel], window)?;
            let of = |sample, shape: &[usize], dtype| {
                upload(&normal(sample, shape.iter().product(), dtype), shape, dtype, &cuda())
            };
            let (sum, grad) = (of(1, &[2, 5, 4, channels], dtype)?, of(2, geometry.out_shape().dims(), dtype)?);
            let weight = of(3, &[6, channels, kernel, kernel], DType::F32)?;
            let alone = backward_input(&grad, &weight, &geometry)?;
            let expected = (alone.to_dtype(DType::F32)? + sum.to_dtype(DType::F32)?)?;
            let found = backward_input_onto(sum.copy()?, &grad, &weight, &geometry)?;
            assert_near(&format!("{geometry:?} in {dtype:?}"), &found, &download(&expected)?, 1.0)?;
            assert!(backward_input_onto(of(1, &[2, 5, 3, channels], dtype)?, &grad, &weight, &geometry).is_err());
        }
    }
    Ok(())
}

#[test]
fn the_same_convolution_gives_the_same_bits() {
    for stride in [1, 2] {
        let window = Window { kernel: 3, stride, padding: Padding::Same };
        let problem =
            ConvProblem { batch: 4, size: (24, 24), in_channels: 16, out_channels: 24, window, depthwise: false };
        let lengths = [problem.in_shape(), problem.weight_shape(), problem.out_shape()]
            .map(|shape| shape.into_iter().product::<usize>());
        for dtype in [DType::F32, DType::BF16] {
            let inputs = [0, 1, 2].map(|at| normal(at as u64, lengths[at], dtype));
            let bits = || {
                let results = run(&problem, &inputs, dtype, &cuda()).unwrap();
                results.map(|result| download(&result).unwrap().into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            assert_eq!(bits(), bits(), "{problem:?} in {dtype:?}");
        }
    }
}

#[test]
fn a_map_that_starts_anywhere_equals_the_cpu() -> Result<()> {
    let window = Window { kernel: 3, stride: 1, padding: Padding::Symmetric };
    for dtype in [DType::F32, DType::BF16] {
        let (all, weight) = (normal(1, 2 * 5 * 5 * 3, dtype), normal(2, 4 * 3 * 3 * 3, DType::F32));
        let result = |device: &Device, dtype| {
            let x = upload(&all, &[2, 5, 5, 3], dtype, device)?.narrow(0, 1, 1)?;
            convolution(Kind::Dense, &x, &upload(&weight, &[4, 3, 3, 3], DType::F32, device)?, window)
        };
        let expected = download(&result(&Device::Cpu, DType::F32)?)?;
        assert_near(&format!("{dtype:?}"), &result(&cuda(), dtype)?, &expected, 1.0)?;
    }
    Ok(())
}

#[test]
fn weights_in_the_order_of_windows_and_back_on_small_shapes() -> Result<()> {
    let weight = normal(3, 2 * 3 * 4, DType::BF16);
    let on_device = upload(&weight, &[2, 3, 2, 2], DType::F32, &cuda())?;
    let device = device(&on_device)?;
    for (above, left) in [(0, 0), (1, 0), (0, 1), (2, 1)] {
        let order = Order { outputs: 2, inputs: 3, kernel: 2, above, left };
        let (height, width) = order.window();
        let mut expected = vec![0.0; order.count()];
        for (at, value) in weight.iter().enumerate() {
            let (column, row, input, output) = (at % 2 + left, at / 2 % 2 + above, at / 4 % 3, at / 12);
            expected[((output * height + row) * width + column) * 3 + input] = *value;
        }
        for element in [Element::F32, Element::Bf16] {
            let packed = order.pack(device, &on_device, element)?;
            assert_eq!(download(&order.unpack(device, &packed, element)?)?, weight, "{order:?} in {element:?}");
            assert_eq!(download(&packed.into_tensor(order.count())?)?, expected, "{order:?} in {element:?}");
        }
    }
    Ok(())
}
