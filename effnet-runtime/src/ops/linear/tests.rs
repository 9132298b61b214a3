use candle_core::{Result, Tensor};
use proptest::prelude::*;

use super::linear;
use crate::ops::check::{Float, Problem, check, f32_can_tell};

/// Inputs: x, weight, bias.
#[derive(Clone, Debug)]
struct LinearProblem {
    batch: usize,
    inputs: usize,
    outputs: usize,
}

impl LinearProblem {
    /// Calls `f` with every product: positions in x, the weight and the output.
    fn products(&self, mut f: impl FnMut(usize, usize, usize)) {
        for n in 0..self.batch {
            for o in 0..self.outputs {
                for i in 0..self.inputs {
                    f(n * self.inputs + i, o * self.inputs + i, n * self.outputs + o);
                }
            }
        }
    }
}

impl Problem for LinearProblem {
    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![vec![self.batch, self.inputs], vec![self.outputs, self.inputs], vec![self.outputs]]
    }

    fn out_shape(&self) -> Vec<usize> {
        vec![self.batch, self.outputs]
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        let mut out = inputs[2].repeat(self.batch);
        self.products(|x, w, y| out[y] += inputs[0][x] * inputs[1][w]);
        out
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        let mut gradients: Vec<Vec<F>> = inputs.iter().map(|input| vec![F::of(0.0); input.len()]).collect();
        self.products(|x, w, y| {
            gradients[0][x] += inputs[1][w] * grad[y];
            gradients[1][w] += inputs[0][x] * grad[y];
        });
        for (at, grad) in grad.iter().enumerate() {
            gradients[2][at % self.outputs] += *grad;
        }
        gradients
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        linear(&inputs[0], &inputs[1], &inputs[2])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_the_definition(batch in 1usize..40, inputs in 1usize..50, outputs in 1usize..40) {
        let problem = LinearProblem { batch, inputs, outputs };
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}
