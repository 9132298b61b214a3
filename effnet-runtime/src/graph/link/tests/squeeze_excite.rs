use candle_core::{Result, Tensor};
use effnet_spec::{Activation, Gate};
use proptest::prelude::*;

use super::conv_norm_act::{KINK, of};
use crate::graph::{Layer, Sequence, SqueezeExcite, chain};
use crate::ops::check::{Float, Problem, check, draw_inputs, f32_can_tell};

/// Inputs: x, reduce weight and bias, expand weight and bias.
#[derive(Clone, Debug)]
struct SqueezeExciteProblem {
    shape: [usize; 4],
    squeezed: usize,
    activation: Activation,
    gate: Gate,
}

struct Forward<F> {
    mean: Vec<F>,
    reduced: Vec<F>,
    expanded: Vec<F>,
    gate: Vec<F>,
}

/// Value and derivative of a gate.
fn opened<F: Float>(gate: Gate, u: F) -> (F, F) {
    let (zero, one) = (F::of(0.0), F::of(1.0));
    match gate {
        Gate::Sigmoid => {
            let s = one / (one + (-u).exp());
            (s, s * (one - s))
        }
        Gate::HardSigmoid if u <= F::of(-3.0) => (zero, zero),
        Gate::HardSigmoid if u >= F::of(3.0) => (one, zero),
        Gate::HardSigmoid => ((u + F::of(3.0)) / F::of(6.0), one / F::of(6.0)),
    }
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
        let activated: Vec<F> = reduced.iter().map(|u| of(Some(self.activation), *u).0).collect();
        let expanded = layer(&activated, &inputs[3], &inputs[4], self.squeezed, channels);
        let gate = expanded.iter().map(|u| opened(self.gate, *u).0).collect();
        Forward { mean, reduced, expanded, gate }
    }

    /// Whether a central difference would straddle a kink, or rounding to f32 fall on its other side.
    fn is_near_a_kink(&self) -> bool {
        let found = self.gate(&draw_inputs(self));
        let near = |u: &f64, kinks: &[f64]| kinks.iter().any(|kink| (u - kink).abs() < KINK);
        let inner: &[f64] = if self.activation == Activation::Silu { &[] } else { &[-3.0, 0.0, 3.0, 6.0] };
        let outer: &[f64] = if self.gate == Gate::Sigmoid { &[] } else { &[-3.0, 3.0] };
        found.reduced.iter().any(|u| near(u, inner)) || found.expanded.iter().any(|u| near(u, outer))
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
        let (squeezed, zero) = (self.squeezed, F::of(0.0));
        let found = self.gate(inputs);
        let mut expanded = vec![zero; batch * channels];
        for (at, grad) in grad.iter().enumerate() {
            expanded[self.gate_of(at)] += *grad * inputs[0][at];
        }
        for (gradient, u) in expanded.iter_mut().zip(&found.expanded) {
            *gradient = *gradient * opened(self.gate, *u).1;
        }
        let mut gradients: Vec<Vec<F>> = inputs.iter().map(|input| vec![zero; input.len()]).collect();
        let mut reduced = vec![zero; batch * squeezed];
        for n in 0..batch {
            for c in 0..channels {
                let gradient = expanded[n * channels + c];
                gradients[4][c] += gradient;
                for s in 0..squeezed {
                    let activated = of(Some(self.activation), found.reduced[n * squeezed + s]).0;
                    gradients[3][c * squeezed + s] += gradient * activated;
                    reduced[n * squeezed + s] += gradient * inputs[3][c * squeezed + s];
                }
            }
        }
        let mut mean = vec![zero; batch * channels];
        for n in 0..batch {
            for s in 0..squeezed {
                let u = found.reduced[n * squeezed + s];
                let gradient = reduced[n * squeezed + s] * of(Some(self.activation), u).1;
                gradients[2][s] += gradient;
                for c in 0..channels {
                    gradients[1][s * channels + c] += gradient * found.mean[n * channels + c];
                    mean[n * channels + c] += gradient * inputs[1][s * channels + c];
                }
            }
        }
        let share = F::of(1.0) / F::of((height * width) as f64);
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
            activation: self.activation,
            gate: self.gate,
        };
        let sequence = Sequence { layers: vec![Layer::SqueezeExcite(op)], shortcut: None };
        Ok(chain(&inputs[0], &[sequence])?.0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_the_definition(
        shape in [1usize..4, 1usize..20, 1usize..20, 1usize..40],
        squeezed in 1usize..6,
        activation in 0..Activation::ALL.len(),
        gate in 0..Gate::ALL.len(),
    ) {
        let (activation, gate) = (Activation::ALL[activation], Gate::ALL[gate]);
        let problem = SqueezeExciteProblem { shape, squeezed, activation, gate };
        prop_assume!(!problem.is_near_a_kink() && f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}
