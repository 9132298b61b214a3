//! A batch that is cut over the ranks of a group, with synchronised statistics: together, what one rank makes of all of it.

use std::sync::Arc;
use std::thread;

use candle_core::{Result, Tensor};
use effnet_kernels::simd::{Level, with_level};
use effnet_kernels::threads;
use proptest::prelude::*;

use super::conv_norm_act::ConvNormActProblem;
use crate::backend::cpu::conv::tests::ConvProblem;
use crate::collective::{self, Collective, Single};
use crate::ops::check::{Float, Problem, Run, check, draw_grad, draw_inputs, f32_can_tell};
use crate::pass::Statistics;

/// How far numbers may be apart whose sums were added up in another order, relative to the largest of their tensor.
const ORDER_TOLERANCE: f64 = 1e-5;

/// How far they may be apart where their terms cancel, relative to the sum of the terms' sizes: some ten roundings.
const CANCELLATION_TOLERANCE: f64 = 1e-6;

/// A problem whose batch is cut over ranks.
#[derive(Clone, Debug)]
struct Cut {
    whole: ConvNormActProblem,
    /// Images of each rank.
    images: Vec<usize>,
}

impl Cut {
    fn any() -> impl Strategy<Value = Self> {
        prop::collection::vec(1usize..=2, 2..=3).prop_flat_map(|images| {
            let batch = images.iter().sum();
            let conv =
                any::<bool>().prop_flat_map(ConvProblem::any).prop_map(move |conv| ConvProblem { batch, ..conv });
            ConvNormActProblem::of(conv, Just(Statistics::Local))
                .prop_map(move |whole| Self { whole, images: images.clone() })
        })
    }

    /// A rank's part of the problem, behind `before` images.
    fn part(&self, before: usize, images: usize, ranks: Arc<dyn Collective>) -> ConvNormActProblem {
        let mut part = self.whole.clone();
        part.conv.batch = images;
        part.statistics = Statistics::Synchronised(ranks);
        part.shortcut = part.shortcut.map(|branch| branch[before..before + images].to_vec());
        part
    }
}

impl Problem for Cut {
    fn shapes(&self) -> Vec<Vec<usize>> {
        self.whole.shapes()
    }

    fn out_shape(&self) -> Vec<usize> {
        self.whole.out_shape()
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        self.whole.forward(inputs)
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        self.whole.backward(inputs, grad)
    }

    fn cancelled(&self, inputs: &[Vec<f64>], grad: &[f64]) -> Vec<f64> {
        self.whole.cancelled(inputs, grad)
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        self.whole.op(inputs)
    }

    /// Each rank in a thread of its own: results and gradients of the input one after the other, the sums of the gradients
    /// of the parameters.
    fn run(&self, inputs: &[Vec<f64>], grad: &[f64]) -> Result<Run> {
        let (level, pool) = (Level::current(), threads::current());
        let batch = self.whole.conv.batch;
        let run = |(ranks, before): (collective::Exchange, usize)| {
            let images = self.images[ranks.rank()];
            let part = self.part(before, images, Arc::new(ranks));
            let of = |all: &[f64]| all[before * all.len() / batch..(before + images) * all.len() / batch].to_vec();
            let mut own = inputs.to_vec();
            own[0] = of(&inputs[0]);
            pool.install(|| with_level(level, || part.run(&own, &of(grad))))
        };
        let before = self.images.iter().scan(0, |sum, images| Some(std::mem::replace(sum, *sum + images)));
        let ends = collective::threads(self.images.len())?.into_iter().zip(before);
        let parts: Vec<Run> = thread::scope(|scope| {
            let ranks: Vec<_> = ends.map(|end| scope.spawn(|| run(end))).collect();
            ranks.into_iter().map(|rank| rank.join().expect("a rank panicked")).collect::<Result<_>>()
        })?;
        let join = |(mut out, mut gradients): Run, (of_rank, of_inputs): Run| {
            out.extend(of_rank);
            let mut of_inputs = of_inputs.into_iter();
            gradients[0].extend(of_inputs.next().into_iter().flatten());
            for (sums, of_rank) in gradients[1..].iter_mut().zip(of_inputs) {
                sums.iter_mut().zip(of_rank).for_each(|(sum, value)| *sum += value);
            }
            (out, gradients)
        };
        Ok(parts.into_iter().reduce(join).expect("a group has ranks"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn ranks_equal_the_definition(problem in Cut::any()) {
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }

    #[test]
    fn ranks_equal_one_rank_with_all_images(problem in Cut::any()) {
        prop_assume!(f32_can_tell(&problem));
        let inputs = draw_inputs(&problem);
        let grad = draw_grad(problem.out_shape().iter().product());
        let cancelled = problem.cancelled(&inputs, &grad);
        for level in Level::available() {
            let (cut, whole) = with_level(level, || (problem.run(&inputs, &grad), problem.whole.run(&inputs, &grad)));
            let ((cut, of_cut), (whole, of_whole)) = (cut.unwrap(), whole.unwrap());
            let pairs = of_cut.iter().zip(&of_whole).zip(cancelled.iter().copied());
            for ((cut, whole), cancelled) in std::iter::once(((&cut, &whole), 0.0)).chain(pairs) {
                let largest = whole.iter().fold(1e-3, |largest: f64, value| largest.max(f64::from(value.abs())));
                let bound = (ORDER_TOLERANCE * largest).max(CANCELLATION_TOLERANCE * cancelled);
                for (cut, whole) in cut.iter().zip(whole) {
                    assert!(f64::from(cut - whole).abs() <= bound, "{problem:?}: {cut} and {whole}");
                }
            }
        }
    }

    #[test]
    fn a_rank_that_is_alone_has_the_bits_of_the_batch(problem in Cut::any()) {
        let inputs = draw_inputs(&problem);
        let grad = draw_grad(problem.out_shape().iter().product());
        let group: Arc<dyn Collective> = Arc::new(collective::threads(1).unwrap().remove(0));
        for level in Level::available() {
            let bits = |problem: &ConvNormActProblem| {
                let (out, gradients) = with_level(level, || problem.run(&inputs, &grad)).unwrap();
                let all = std::iter::once(out).chain(gradients).flatten();
                all.map(f32::to_bits).collect::<Vec<_>>()
            };
            let expected = bits(&problem.whole);
            for ranks in [&group, &(Arc::new(Single) as Arc<dyn Collective>)] {
                let alone = problem.part(0, problem.whole.conv.batch, Arc::clone(ranks));
                assert!(bits(&alone) == expected, "{problem:?} with {ranks:?} at {}", level.name());
            }
        }
    }
}

/// A rank of another network is named, and nobody waits for ever.
#[test]
fn ranks_of_other_channels_are_told_so() {
    let problem = |channels: usize, ranks: collective::Exchange| {
        let conv = ConvProblem {
            batch: 2,
            size: (2, 2),
            in_channels: channels,
            out_channels: channels,
            window: crate::graph::Window { kernel: 1, stride: 1, padding: effnet_spec::Padding::Symmetric },
            depthwise: true,
        };
        let problem = ConvNormActProblem::plain(conv, Statistics::Synchronised(Arc::new(ranks)));
        let inputs = draw_inputs(&problem);
        problem.run(&inputs, &inputs[0]).unwrap_err().to_string()
    };
    let errors: Vec<String> = thread::scope(|scope| {
        let ends = collective::threads(2).unwrap().into_iter().zip([4, 5]);
        let ranks: Vec<_> = ends.map(|(end, channels)| scope.spawn(move || problem(channels, end))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    });
    for error in errors {
        assert!(error.contains("bytes of sums for a batch normalisation, and rank"), "{error}");
    }
}
