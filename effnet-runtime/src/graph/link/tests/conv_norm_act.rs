use std::sync::Arc;

use candle_core::{Result, Tensor};
use effnet_spec::{Activation, Padding};
use proptest::prelude::*;

use crate::backend::cpu::conv::tests::ConvProblem;
use crate::graph::{BatchMoments, ConvNormAct, Kind, Layer, Norm, Sequence, Shortcut, Window, chain};
use crate::ops::check::{Float, Problem, check, draw_inputs, f32_can_tell};
use crate::pass::Statistics;

const EPS: f64 = 1e-3;

/// How near to a kink of its activation a draw is drawn anew: a hundred steps of a central difference.
pub(super) const KINK: f64 = 1e-3;

/// How far from 0 a gradient may be that is 0 but for the rounding of the moments.
const ZERO_TOLERANCE: f32 = 1e-4;

/// Convolution, batch normalisation, activation, and a shortcut around them, one after the other. Inputs: x, weight, γ,
/// β.
#[derive(Clone, Debug)]
pub(super) struct ConvNormActProblem {
    pub conv: ConvProblem,
    activation: Option<Activation>,
    pub statistics: Statistics,
    /// Factors of the branch, where there is a shortcut around it.
    pub shortcut: Option<Vec<f32>>,
}

fn conv_norm_act(x: &Tensor, op: ConvNormAct, shortcut: Option<Shortcut>) -> Result<(Tensor, Option<BatchMoments>)> {
    let (y, moments) = chain(x, &[Sequence { layers: vec![Layer::ConvNormAct(op)], shortcut }])?;
    Ok((y, moments.into_iter().flatten().next()))
}

/// Value and derivative of an activation.
pub(super) fn of<F: Float>(activation: Option<Activation>, u: F) -> (F, F) {
    let (zero, one) = (F::of(0.0), F::of(1.0));
    match activation {
        None => (u, one),
        Some(Activation::Silu) => {
            let s = one / (one + (-u).exp());
            (u * s, s * (one + u * (one - s)))
        }
        Some(Activation::Relu) => {
            if u > zero {
                (u, one)
            } else {
                (zero, zero)
            }
        }
        Some(Activation::Relu6) if u >= F::of(6.0) => (F::of(6.0), zero),
        Some(Activation::Relu6) => {
            if u > zero {
                (u, one)
            } else {
                (zero, zero)
            }
        }
        Some(Activation::HardSwish) if u <= F::of(-3.0) => (zero, zero),
        Some(Activation::HardSwish) if u >= F::of(3.0) => (u, one),
        Some(Activation::HardSwish) => (u * (u + F::of(3.0)) / F::of(6.0), u / F::of(3.0) + F::of(0.5)),
    }
}

/// Running statistics of a channel: arbitrary, the same for every problem.
fn running(channel: usize) -> (f64, f64) {
    (0.1 * channel as f64 - 0.3, 0.5 + 0.25 * (channel % 5) as f64)
}

impl ConvNormActProblem {
    fn any() -> impl Strategy<Value = Self> {
        let statistics = prop_oneof![Just(Statistics::Local), Just(Statistics::Running)];
        Self::of(any::<bool>().prop_flat_map(ConvProblem::any), statistics)
    }

    pub(super) fn of(
        conv: impl Strategy<Value = ConvProblem>,
        statistics: impl Strategy<Value = Statistics>,
    ) -> impl Strategy<Value = Self> {
        let activation = prop_oneof![
            Just(None),
            Just(Some(Activation::Silu)),
            Just(Some(Activation::Relu)),
            Just(Some(Activation::Relu6)),
            Just(Some(Activation::HardSwish)),
        ];
        let problem = (conv, activation, statistics, any::<bool>()).prop_map(
            |(mut conv, activation, statistics, has_shortcut)| {
                if has_shortcut {
                    conv.window.stride = 1;
                    conv.out_channels = conv.in_channels;
                }
                let shortcut = has_shortcut.then(|| (0..conv.batch).map(|n| if n == 1 { 0.0 } else { 1.25 }).collect());
                Self { conv, activation, statistics, shortcut }.shrunk_for_kinks()
            },
        );
        problem
            .prop_filter("a pre-activation lies at a kink", |problem| !problem.has_kinks() || !problem.is_near_a_kink())
    }

    /// Without activation and shortcut.
    #[cfg(feature = "train")]
    pub(super) fn plain(conv: ConvProblem, statistics: Statistics) -> Self {
        Self { conv, activation: None, statistics, shortcut: None }
    }

    fn has_kinks(&self) -> bool {
        !matches!(self.activation, None | Some(Activation::Silu))
    }

    /// Few enough elements that most draws have none at a kink.
    fn shrunk_for_kinks(mut self) -> Self {
        if self.has_kinks() {
            let (height, width) = self.conv.size;
            self.conv.size = (height.min(3), width.min(3));
            self.conv.in_channels = self.conv.in_channels.min(9);
            self.conv.out_channels = self.conv.out_channels.min(9);
        }
        self
    }

    /// Whether a central difference would straddle a kink, or rounding to f32 fall on its other side.
    fn is_near_a_kink(&self) -> bool {
        let inputs = draw_inputs(self);
        let linear = Self { activation: None, shortcut: None, ..self.clone() };
        let u = linear.forward(&inputs[..4]);
        u.iter().any(|u| [-3.0, 0.0, 3.0, 6.0].iter().any(|kink| (u - kink).abs() < KINK))
    }

    fn channels(&self) -> usize {
        self.conv.out_channels
    }

    fn is_of_batch(&self) -> bool {
        !matches!(self.statistics, Statistics::Running)
    }

    /// Mean and 1 / standard deviation of each channel of `z`.
    fn statistics<F: Float>(&self, z: &[F]) -> Vec<(F, F)> {
        let channels = self.channels();
        let count = F::of((z.len() / channels) as f64);
        (0..channels)
            .map(|channel| {
                let (mean, variance) = if self.is_of_batch() {
                    let values = || z.iter().skip(channel).step_by(channels).copied();
                    let mean = values().fold(F::of(0.0), |sum, z| sum + z) / count;
                    (mean, values().fold(F::of(0.0), |sum, z| sum + (z - mean) * (z - mean)) / count)
                } else {
                    let (mean, variance) = running(channel);
                    (F::of(mean), F::of(variance))
                };
                (mean, F::of(1.0) / (variance + F::of(EPS)).sqrt())
            })
            .collect()
    }

    fn branch<F: Float>(&self, element: usize, elements: usize) -> F {
        let image = element / (elements / self.conv.batch);
        F::of(self.shortcut.as_ref().map_or(1.0, |branch| f64::from(branch[image])))
    }
}

impl Problem for ConvNormActProblem {
    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![self.conv.in_shape(), self.conv.weight_shape(), vec![self.channels()], vec![self.channels()]]
    }

    fn out_shape(&self) -> Vec<usize> {
        self.conv.out_shape()
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        let z = self.conv.forward(&inputs[..2]);
        let statistics = self.statistics(&z);
        (0..z.len())
            .map(|at| {
                let channel = at % self.channels();
                let (mean, inv_std) = statistics[channel];
                let u = inputs[2][channel] * (z[at] - mean) * inv_std + inputs[3][channel];
                let added = if self.shortcut.is_some() { inputs[0][at] } else { F::of(0.0) };
                added + self.branch::<F>(at, z.len()) * of(self.activation, u).0
            })
            .collect()
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        let z = self.conv.forward(&inputs[..2]);
        let statistics = self.statistics(&z);
        let channels = self.channels();
        let mut g = vec![F::of(0.0); z.len()];
        let (mut d_gamma, mut d_beta) = (vec![F::of(0.0); channels], vec![F::of(0.0); channels]);
        for at in 0..z.len() {
            let channel = at % channels;
            let (mean, inv_std) = statistics[channel];
            let normalised = (z[at] - mean) * inv_std;
            let u = inputs[2][channel] * normalised + inputs[3][channel];
            g[at] = self.branch::<F>(at, z.len()) * grad[at] * of(self.activation, u).1;
            d_gamma[channel] += g[at] * normalised;
            d_beta[channel] += g[at];
        }
        let count = F::of((z.len() / channels) as f64);
        let dz: Vec<F> = (0..z.len())
            .map(|at| {
                let channel = at % channels;
                let (mean, inv_std) = statistics[channel];
                let through = if self.is_of_batch() {
                    (d_beta[channel] + (z[at] - mean) * inv_std * d_gamma[channel]) / count
                } else {
                    F::of(0.0)
                };
                inputs[2][channel] * inv_std * (g[at] - through)
            })
            .collect();
        let mut gradients = self.conv.backward(&inputs[..2], &dz);
        gradients.extend([d_gamma, d_beta]);
        if self.shortcut.is_some() {
            gradients[0].iter_mut().zip(grad).for_each(|(gradient, grad)| *gradient += *grad);
        }
        gradients
    }

    /// The gradient through a batch's statistics is a difference: `g` less its mean and its part along `ẑ`.
    fn cancelled(&self, inputs: &[Vec<f64>], grad: &[f64]) -> Vec<f64> {
        let z = self.conv.forward(&inputs[..2]);
        let statistics = self.statistics(&z);
        let channels = self.channels();
        let size = |at: usize| -> f64 {
            let scale = (inputs[2][at % channels] * statistics[at % channels].1).abs();
            let largest = grad.iter().skip(at % channels).step_by(channels).fold(0.0, |most: f64, g| most.max(g.abs()));
            scale * 3.0 * largest
        };
        let sizes: Vec<f64> = (0..z.len()).map(size).collect();
        let absolute: Vec<Vec<f64>> = inputs[..2].iter().map(|input| input.iter().map(|x| x.abs()).collect()).collect();
        let mut cancelled = vec![0.0; inputs.len()];
        for (cancelled, sizes) in cancelled.iter_mut().zip(self.conv.backward(&absolute, &sizes)) {
            *cancelled = sizes.into_iter().fold(0.0, f64::max);
        }
        cancelled
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        let device = inputs[0].device();
        let (mean, variance): (Vec<f64>, Vec<f64>) = (0..self.channels()).map(running).unzip();
        let as_tensor = |values: Vec<f64>| {
            Tensor::from_vec(values.iter().map(|value| *value as f32).collect(), self.channels(), device)
        };
        let (mean, variance) = (as_tensor(mean)?, as_tensor(variance)?);
        let op = ConvNormAct {
            kind: self.conv.kind(),
            window: self.conv.window,
            weight: inputs[1].clone(),
            gamma: inputs[2].clone(),
            beta: inputs[3].clone(),
            eps: EPS,
            norm: match &self.statistics {
                Statistics::Local => Norm::Batch,
                Statistics::Synchronised(ranks) => Norm::Synchronised(Arc::clone(ranks)),
                Statistics::Others(ranks) => Norm::Others(Arc::clone(ranks)),
                Statistics::Running => Norm::Running { mean, variance },
            },
            activation: self.activation,
        };
        let shortcut = self.shortcut.clone().map(|branch| Shortcut { branch: Some(branch) });
        Ok(conv_norm_act(&inputs[0], op, shortcut)?.0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn equals_the_definition(problem in ConvNormActProblem::any()) {
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}

/// The problems have running statistics, and a dropped branch where there can be a shortcut: a batch's statistics of
/// one or two pixels have gradients that are all rounding.
#[test]
fn corners_equal_the_definition() {
    for depthwise in [false, true] {
        for conv in ConvProblem::corners(depthwise) {
            let keeps_shape = conv.in_shape() == conv.out_shape();
            for shortcut in if keeps_shape { vec![Some(vec![0.0]), Some(vec![1.25])] } else { vec![None] } {
                let (conv, activation) = (conv.clone(), Some(Activation::Silu));
                let problem = ConvNormActProblem { conv, activation, statistics: Statistics::Running, shortcut };
                check(&problem).unwrap();
            }
        }
    }
}

#[test]
fn tensors_that_track_nothing_make_no_graph() -> Result<()> {
    let device = candle_core::Device::Cpu;
    let window = Window { kernel: 1, stride: 1, padding: Padding::Symmetric };
    let x = Tensor::randn(0f32, 1.0, (2, 3, 3, 4), &device)?;
    let weight = Tensor::randn(0f32, 1.0, (4, 4, 1, 1), &device)?;
    let ones = Tensor::ones(4, candle_core::DType::F32, &device)?;
    let op = ConvNormAct {
        kind: Kind::Dense,
        window,
        weight,
        gamma: ones.clone(),
        beta: ones.clone(),
        eps: EPS,
        norm: Norm::Running { mean: ones.clone(), variance: ones },
        activation: Some(Activation::Silu),
    };
    let (y, moments) = conv_norm_act(&x, op, Some(Shortcut { branch: None }))?;
    assert!(!y.track_op() && moments.is_none());
    Ok(())
}

#[test]
fn the_batch_statistics_of_one_pixel_let_no_gradient_through() -> Result<()> {
    let device = candle_core::Device::Cpu;
    let x = candle_core::Var::new(&[[[[0.7f32]]]], &device)?;
    let one = Tensor::ones(1, candle_core::DType::F32, &device)?;
    let op = ConvNormAct {
        kind: Kind::Dense,
        window: Window { kernel: 1, stride: 1, padding: Padding::Symmetric },
        weight: one.reshape((1, 1, 1, 1))?,
        gamma: one.clone(),
        beta: one,
        eps: EPS,
        norm: Norm::Batch,
        activation: None,
    };
    let (y, moments) = conv_norm_act(x.as_tensor(), op, None)?;
    assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [1.0]);
    assert_eq!(moments.unwrap().variance.to_vec1::<f32>()?, [0.0]);
    let gradient = y.sum_all()?.backward()?.get(&x).unwrap().flatten_all()?.to_vec1::<f32>()?;
    assert!(gradient[0].abs() < ZERO_TOLERANCE, "{gradient:?}");
    Ok(())
}
