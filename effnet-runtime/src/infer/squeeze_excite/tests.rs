use effnet_kernels::simd::Level;
use effnet_spec::{Activation, Gate, plan};

use super::SqueezeExcite;
use crate::infer::fold::Source;
use crate::infer::tests::normal;
use crate::weights::Result;

/// How far a gate may be from the f64 definition, relative to the sum of its terms' sizes and 1.
const TOLERANCE: f64 = 1e-5;

const CHANNELS: usize = 37;
const SQUEEZED: usize = 5;
const PIXELS: usize = 6;

/// Parameters that are drawn by their sizes.
struct Drawn;

impl Source for Drawn {
    fn read(&self, _: &str, elements: usize) -> Result<Vec<f32>> {
        Ok(normal(elements as u64, elements))
    }
}

fn activated(activation: Activation, u: f64) -> f64 {
    match activation {
        Activation::Silu => u / (1.0 + (-u).exp()),
        Activation::Relu => u.max(0.0),
        Activation::Relu6 => u.clamp(0.0, 6.0),
        Activation::HardSwish => u * (u + 3.0).clamp(0.0, 6.0) / 6.0,
    }
}

fn opened(gate: Gate, u: f64) -> f64 {
    match gate {
        Gate::Sigmoid => 1.0 / (1.0 + (-u).exp()),
        Gate::HardSigmoid => (u + 3.0).clamp(0.0, 6.0) / 6.0,
    }
}

#[test]
fn each_pair_of_functions_equals_the_definition() -> Result<()> {
    let image: Vec<f32> = normal(1, PIXELS * CHANNELS).iter().map(|value| 3.0 * value).collect();
    let [reduce, reduce_bias, expand, expand_bias] =
        [CHANNELS * SQUEEZED, SQUEEZED, CHANNELS * SQUEEZED, CHANNELS].map(|count| normal(count as u64, count));
    let mean = |c: usize| (0..PIXELS).map(|pixel| f64::from(image[pixel * CHANNELS + c])).sum::<f64>() / PIXELS as f64;
    for (activation, gate) in Activation::ALL.into_iter().flat_map(|f| Gate::ALL.map(|gate| (f, gate))) {
        let squeezed: Vec<f64> = (0..SQUEEZED)
            .map(|s| {
                let terms = (0..CHANNELS).map(|c| mean(c) * f64::from(reduce[s * CHANNELS + c]));
                activated(activation, f64::from(reduce_bias[s]) + terms.sum::<f64>())
            })
            .collect();
        let layer = plan::SqueezeExcite { channels: CHANNELS, squeezed: SQUEEZED, activation, gate };
        for level in Level::available() {
            let squeeze = SqueezeExcite::new(&Drawn, ("se", &layer), CHANNELS)?;
            let mut scratch = vec![f32::NAN; squeeze.scratch()];
            let found = squeeze.gates_of(level, &image, PIXELS, &mut scratch);
            for (c, found) in found.iter().enumerate() {
                let terms = (0..SQUEEZED).map(|s| squeezed[s] * f64::from(expand[c * SQUEEZED + s]));
                let (sum, size) =
                    terms.fold((f64::from(expand_bias[c]), 1.0), |(sum, size), term| (sum + term, size + term.abs()));
                let expected = opened(gate, sum);
                assert!(
                    (f64::from(*found) - expected).abs() <= TOLERANCE * size,
                    "{activation}, {gate} at {}: {found} of {expected}",
                    level.name()
                );
            }
        }
    }
    Ok(())
}
