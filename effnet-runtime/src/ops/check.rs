//! How every operation is tested: a problem states its inputs and a naive reference, the runner adds the tolerances.

use std::fmt::Debug;
use std::ops::AddAssign;

use candle_core::{Device, Result, Tensor, Var};
use effnet_kernels::simd::{Level, with_level};
use effnet_kernels::threads::Pool;

use crate::random::{Purpose, Stream};

/// How far a reference's f64 gradient may be from central differences, relative to the largest of its input.
const DIFFERENCE_TOLERANCE: f64 = 1e-6;

/// How far an f32 operation may be from the f64 reference, relative to the largest value of the same tensor.
const F32_TOLERANCE: f64 = 1e-4;

/// How far an f32 gradient may be from the reference where its terms cancel, relative to the sum of their sizes: some
/// ten roundings.
const CANCELLATION_TOLERANCE: f64 = 1e-6;

/// Half the step of a central difference: the cube root of f64's precision, where rounding and truncation meet.
const STEP: f64 = 1e-5;

/// Coordinates of each input whose derivative is taken numerically.
const COORDINATES: usize = 24;

/// The numbers that references are generic over: f32 and f64.
pub(crate) trait Float: num_traits::Float + Debug + AddAssign {
    fn of(value: f64) -> Self {
        num_traits::cast(value).expect("a float holds any f64, rounded")
    }
}

impl Float for f64 {}
impl Float for f32 {}

/// A result, and the gradient of each input.
pub(crate) type Run = (Vec<f32>, Vec<Vec<f32>>);

/// An operation on tensors of some shapes, stated as naively as possible.
pub(crate) trait Problem: Debug {
    /// Shapes of the inputs, parameters included.
    fn shapes(&self) -> Vec<Vec<usize>>;
    /// Shape of the result.
    fn out_shape(&self) -> Vec<usize>;
    /// The result.
    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F>;
    /// Gradients of the inputs, from that of the result.
    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>>;
    /// The sum of the sizes of the terms that each input's gradient is made of, where they cancel.
    fn cancelled(&self, inputs: &[Vec<f64>], _grad: &[f64]) -> Vec<f64> {
        vec![0.0; inputs.len()]
    }
    /// The operation under test.
    fn op(&self, inputs: &[Tensor]) -> Result<Tensor>;
    /// The result and the gradients of the inputs, by the operation under test.
    fn run(&self, inputs: &[Vec<f64>], grad: &[f64]) -> Result<Run>
    where
        Self: Sized,
    {
        run_op(self, inputs, grad)
    }
}

/// The inputs that a problem is run on: normal draws that f32 holds exactly.
pub(crate) fn draw_inputs(problem: &impl Problem) -> Vec<Vec<f64>> {
    let draw = |(at, shape): (usize, Vec<usize>)| {
        let stream = Stream::new(11, Purpose::Bench, 0, at as u64, 0);
        (0..shape.iter().product::<usize>() as u64).map(|at| f64::from(stream.normal(at) as f32)).collect()
    };
    problem.shapes().into_iter().enumerate().map(draw).collect()
}

/// The gradient of a problem's result, of so many elements, that its gradients are taken from.
pub(crate) fn draw_grad(elements: usize) -> Vec<f64> {
    let stream = Stream::new(12, Purpose::Bench, 0, 0, 0);
    (0..elements as u64).map(|element| f64::from(stream.normal(element) as f32)).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(1e-3, |largest, value| largest.max(value.abs()))
}

/// How far an f32 operation may be from these values of the reference.
fn bound(expected: &[f64], cancelled: f64) -> f64 {
    (F32_TOLERANCE * largest(expected)).max(CANCELLATION_TOLERANCE * cancelled)
}

/// Whether f32 can tell: the reference, evaluated in f32, is within half of what an operation is allowed. It is not
/// where terms cancel until their roundings are what is left, and nothing that computes in f32 is near the reference
/// then. Problems that are drawn are drawn anew where it cannot.
pub(crate) fn f32_can_tell(problem: &impl Problem) -> bool {
    let inputs = draw_inputs(problem);
    let grad = draw_grad(problem.out_shape().iter().product());
    let as_f32 = |values: &Vec<f64>| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let in_f32: Vec<Vec<f32>> = inputs.iter().map(as_f32).collect();
    let found = problem.backward(&in_f32, &as_f32(&grad));
    let (expected, cancelled) = (problem.backward(&inputs, &grad), problem.cancelled(&inputs, &grad));
    found.iter().zip(&expected).zip(cancelled).all(|((found, expected), cancelled)| {
        let half = 0.5 * bound(expected, cancelled);
        found.iter().zip(expected).all(|(found, expected)| (f64::from(*found) - expected).abs() <= half)
    })
}

fn assert_close(what: &str, problem: &impl Problem, found: &[f32], expected: &[f64], cancelled: f64) {
    assert_eq!(found.len(), expected.len(), "{what} of {problem:?}");
    let bound = bound(expected, cancelled);
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*found) - expected).abs() <= bound,
            "{what} of {problem:?}: element {at} is {found}, the reference says {expected}"
        );
    }
}

fn run_op(problem: &impl Problem, inputs: &[Vec<f64>], grad: &[f64]) -> Result<Run> {
    let device = Device::Cpu;
    let as_f32 = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let vars: Vec<Var> = inputs
        .iter()
        .zip(problem.shapes())
        .map(|(values, shape)| Var::from_vec(as_f32(values), shape, &device))
        .collect::<Result<_>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let out = problem.op(&tensors)?;
    assert_eq!(out.dims(), problem.out_shape(), "shape of {problem:?}");
    let grad = Tensor::from_vec(as_f32(grad), problem.out_shape(), &device)?;
    let gradients = (&out * grad)?.sum_all()?.backward()?;
    let gradients = vars
        .iter()
        .zip(problem.shapes())
        .map(|(var, shape)| match gradients.get(var) {
            Some(gradient) => {
                assert_eq!(gradient.dims(), shape, "shape of a gradient of {problem:?}");
                gradient.flatten_all()?.to_vec1()
            }
            None => panic!("{problem:?} left no gradient for an input {shape:?}"),
        })
        .collect::<Result<_>>()?;
    Ok((out.flatten_all()?.to_vec1()?, gradients))
}

/// Holds a reference against central differences, and the operation at every level against the reference, with one
/// thread and with three, to the same bits.
pub(crate) fn check(problem: &impl Problem) -> Result<()> {
    let inputs = draw_inputs(problem);
    let out = problem.forward(&inputs);
    let grad = draw_grad(out.len());
    let gradients = problem.backward(&inputs, &grad);
    let cancelled = problem.cancelled(&inputs, &grad);
    check_differences(problem, &inputs, &grad, &gradients);

    for level in Level::available() {
        let on = |threads: usize| {
            std::sync::Arc::new(Pool::new(threads)).install(|| with_level(level, || problem.run(&inputs, &grad)))
        };
        let (found, found_gradients) = on(1)?;
        assert_close(&format!("result at {}", level.name()), problem, &found, &out, 0.0);
        for (at, (found, expected)) in found_gradients.iter().zip(&gradients).enumerate() {
            assert_close(&format!("gradient {at} at {}", level.name()), problem, found, expected, cancelled[at]);
        }
        assert_eq!(on(3)?, (found, found_gradients), "three threads and one give {problem:?} other bits");
    }
    Ok(())
}

fn check_differences(problem: &impl Problem, inputs: &[Vec<f64>], grad: &[f64], gradients: &[Vec<f64>]) {
    let objective =
        |inputs: &[Vec<f64>]| -> f64 { problem.forward(inputs).iter().zip(grad).map(|(out, grad)| out * grad).sum() };
    for (at, gradient) in gradients.iter().enumerate() {
        let bound = DIFFERENCE_TOLERANCE * largest(gradient).max(1.0);
        let stride = gradient.len().div_ceil(COORDINATES).max(1);
        for coordinate in (0..gradient.len()).step_by(stride) {
            let moved = |by: f64| {
                let mut inputs = inputs.to_vec();
                inputs[at][coordinate] += by;
                objective(&inputs)
            };
            let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            assert!(
                (difference - gradient[coordinate]).abs() <= bound,
                "reference gradient {at} of {problem:?} at {coordinate} is {}, a central difference {difference}",
                gradient[coordinate]
            );
        }
    }
}
