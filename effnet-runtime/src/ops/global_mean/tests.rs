use candle_core::{Result, Tensor};
use proptest::prelude::*;

use super::global_mean;
use crate::ops::check::{Float, Problem, check, f32_can_tell};

#[derive(Clone, Debug)]
struct GlobalMeanProblem([usize; 4]);

impl Problem for GlobalMeanProblem {
    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![self.0.to_vec()]
    }

    fn out_shape(&self) -> Vec<usize> {
        vec![self.0[0], self.0[3]]
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        let [batch, height, width, channels] = self.0;
        let mut out = vec![F::of(0.0); batch * channels];
        for (at, x) in inputs[0].iter().enumerate() {
            out[at / (height * width * channels) * channels + at % channels] += *x / F::of((height * width) as f64);
        }
        out
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        let [_, height, width, channels] = self.0;
        let share = F::of(1.0) / F::of((height * width) as f64);
        let of = |at: usize| grad[at / (height * width * channels) * channels + at % channels] * share;
        vec![(0..inputs[0].len()).map(of).collect()]
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        global_mean(&inputs[0])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_the_definition(batch in 1usize..4, height in 1usize..40, width in 1usize..20, channels in 1usize..40) {
        let problem = GlobalMeanProblem([batch, height, width, channels]);
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}
