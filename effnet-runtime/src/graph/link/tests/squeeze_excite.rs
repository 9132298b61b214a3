use candle_core::{Result, Tensor};
use effnet_spec::Activation;
use proptest::prelude::*;

use crate::graph::{Layer, Sequence, SqueezeExcite, chain};
use crate::ops::check::{Float, Problem, check, f32_can_tell};

/// Inputs: x, reduce weight and bias, expand weight and bias.
#[derive(Clone, Debug)]
struct SqueezeExciteProblem {
    shape: [usize; 4],
    squeezed: usize,
}

struct Forward<F> {
    mean: Vec<F>,
    reduced: Vec<F>,
    gate: Vec<F>,
}

fn sigmoid<F: Float>(x: F) -> F {
    F::of(1.0) / (F::of(1.0) + (-x).exp())
}

impl SqueezeExciteProblem {
    fn gate<F: Float>(&self, inputs: &[Vec<F>]) -> Forward<F> {
        let [batch, height, width, channels] = self.shape;
        let pixels = height * width;
        let mut mean = vec![F::of(0.0); batch * channels];
        for (at, x) in inputs[0].iter().enumerate() {
            mean[at / (pixels * channels) * channels + at % channels] += *x / F::of(pixels as f64);
        }
        let layer = |x: &[F], weight: &[F], bias: &[F], from: usize, to: usize| -> Vec<F> {
            (0..batch * to)
                .map(|at| {
                    let (n, o) = (at / to, at % to);
                    (0..from).fold(bias[o], |sum, i| sum + x[n * from + i] * weight[o * from + i])
                })
                .collect()
        };
        let reduced = layer(&mean, &inputs[1], &inputs[2], channels, self.squeezed);
        let activated: Vec<F> = reduced.iter().map(|u| *u * sigmoid(*u)).collect();
        let expanded = layer(&activated, &inputs[3], &inputs[4], self.squeezed, channels);
        Forward { mean, reduced, gate: expanded.into_iter().map(sigmoid).collect() }
    }

    fn gate_of(&self, element: usize) -> usize {
        let [_, height, width, channels] = self.shape;
        element / (height * width * channels) * channels + element % channels
    }
}

impl Problem for SqueezeExciteProblem {
    fn shapes(&self) -> Vec<Vec<usize>> {
        let (channels, squeezed) = (self.shape[3], self.squeezed);
        vec![
            self.shape.to_vec(),
            vec![squeezed, channels, 1, 1],
            vec![squeezed],
            vec![channels, squeezed, 1, 1],
            vec![channels],
        ]
    }

    fn out_shape(&self) -> Vec<usize> {
        self.shape.to_vec()
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        let gate = self.gate(inputs).gate;
        inputs[0].iter().enumerate().map(|(at, x)| *x * gate[self.gate_of(at)]).collect()
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        let [batch, height, width, channels] = self.shape;
        let (squeezed, zero, one) = (self.squeezed, F::of(0.0), F::of(1.0));
        let found = self.gate(inputs);
        let mut expanded = vec![zero; batch * channels];
        for (at, grad) in grad.iter().enumerate() {
            expanded[self.gate_of(at)] += *grad * inputs[0][at];
        }
        for (gradient, gate) in expanded.iter_mut().zip(&found.gate) {
            *gradient = *gradient * *gate * (one - *gate);
        }
        let mut gradients: Vec<Vec<F>> = inputs.iter().map(|input| vec![zero; input.len()]).collect();
        let mut reduced = vec![zero; batch * squeezed];
        for n in 0..batch {
            for c in 0..channels {
                let gradient = expanded[n * channels + c];
                gradients[4][c] += gradient;
                for s in 0..squeezed {
                    let u = found.reduced[n * squeezed + s];
                    gradients[3][c * squeezed + s] += gradient * u * sigmoid(u);
                    reduced[n * squeezed + s] += gradient * inputs[3][c * squeezed + s];
                }
            }
        }
        let mut mean = vec![zero; batch * channels];
        for n in 0..batch {
            for s in 0..squeezed {
                let u = found.reduced[n * squeezed + s];
                let gradient = reduced[n * squeezed + s] * sigmoid(u) * (one + u * (one - sigmoid(u)));
                gradients[2][s] += gradient;
                for c in 0..channels {
                    gradients[1][s * channels + c] += gradient * found.mean[n * channels + c];
                    mean[n * channels + c] += gradient * inputs[1][s * channels + c];
                }
            }
        }
        let share = one / F::of((height * width) as f64);
        for (at, grad) in grad.iter().enumerate() {
            let gate = self.gate_of(at);
            gradients[0][at] = *grad * found.gate[gate] + mean[gate] * share;
        }
        gradients
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        let op = SqueezeExcite {
            reduce_weight: inputs[1].clone(),
            reduce_bias: inputs[2].clone(),
            expand_weight: inputs[3].clone(),
            expand_bias: inputs[4].clone(),
            activation: Activation::Silu,
        };
        let sequence = Sequence { layers: vec![Layer::SqueezeExcite(op)], shortcut: None };
        Ok(chain(&inputs[0], &[sequence])?.0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_the_definition(batch in 1usize..4, height in 1usize..20, width in 1usize..20, channels in 1usize..40, squeezed in 1usize..6) {
        let problem = SqueezeExciteProblem { shape: [batch, height, width, channels], squeezed };
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}
