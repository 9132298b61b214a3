//! The gates of squeeze-and-excitation, a few channels at a time.

use effnet_spec::Gate;

use crate::activation::hard_sigmoid;
use crate::simd::{Arch, FEWEST_LANES, Kernel, Level, Vector, sigmoid};

/// Channels of a block: as many as a plane of the depthwise convolution has, which is multiplied by them.
pub const BLOCK: usize = super::depthwise::CHANNELS;

/// `gates[c] = f(bias[c] + Σ_s weight[s][c] · squeezed[s])`, `f` being the function of `gate`, for a block's channels, or
/// its first few; NaN stays NaN.
///
/// # Panics
/// When there are more gates, or `weight` is not `[S, BLOCK]`, or `bias` not `[BLOCK]`.
pub fn gates_of_block(level: Level, gate: Gate, weight: &[f32], squeezed: &[f32], bias: &[f32], gates: &mut [f32]) {
    assert_eq!((weight.len(), bias.len()), (squeezed.len() * BLOCK, BLOCK), "weights and bias of a block of gates");
    assert!(gates.len() <= BLOCK, "{} gates of a block", gates.len());
    level.run(Gates { gate, weight, squeezed, bias, gates });
}

struct Gates<'a> {
    gate: Gate,
    /// `[S, BLOCK]`
    weight: &'a [f32],
    squeezed: &'a [f32],
    bias: &'a [f32],
    gates: &'a mut [f32],
}

impl Kernel for Gates<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let (lanes, vectors) = (A::V::LANES, BLOCK / A::V::LANES);
        let mut block = [0f32; BLOCK];
        block.copy_from_slice(self.bias);
        // Explicit vectors: LLVM splits a `[f32; 32]` accumulator into 32 scalars and spills them.
        let mut sums = [arch.splat(0.0); BLOCK / FEWEST_LANES];
        // SAFETY: `block` and each row of the weights have `BLOCK` floats, which are `vectors` vectors.
        unsafe {
            for v in 0..vectors {
                sums[v] = arch.load(block.as_ptr().add(v * lanes));
            }
            for (weight, value) in self.weight.chunks_exact(BLOCK).zip(self.squeezed) {
                let value = arch.splat(*value);
                for v in 0..vectors {
                    sums[v] = value.mul_add(arch.load(weight.as_ptr().add(v * lanes)), sums[v]);
                }
            }
            for v in 0..vectors {
                sums[v].store(block.as_mut_ptr().add(v * lanes));
            }
        }
        match self.gate {
            Gate::Sigmoid => {
                for value in &mut block {
                    // The sigmoid makes 1 of NaN, which must not vanish.
                    *value = if value.is_nan() { *value } else { sigmoid(arch, *value) };
                }
            }
            Gate::HardSigmoid => {
                for value in &mut block {
                    *value = hard_sigmoid(*value);
                }
            }
        }
        self.gates.copy_from_slice(&block[..self.gates.len()]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use effnet_guard::{Guarded, SIDES, cut_for_miri, values};

    /// How far a gate may be from the f64 definition, relative to the sum of its terms' sizes and 1.
    const TOLERANCE: f64 = 1e-6;

    proptest! {
        #[test]
        fn equal_the_definition(
            squeezed in 1..cut_for_miri(70usize, 6),
            count in 1usize..=BLOCK,
            gate in prop_oneof![Just(Gate::Sigmoid), Just(Gate::HardSigmoid)],
            seed in 0usize..100,
        ) {
            let (weight, bias) = (values(squeezed * BLOCK, seed), values(BLOCK, seed + 1));
            let squeezed = values(squeezed, seed + 2);
            for level in Level::available() {
                for side in SIDES {
                    let (weight, bias) = (Guarded::new(&weight, side), Guarded::new(&bias, side));
                    let mut gates = Guarded::new(&vec![f32::NAN; count], side);
                    gates_of_block(level, gate, &weight, &Guarded::new(&squeezed, side), &bias, &mut gates);
                    for (c, found) in gates.iter().enumerate() {
                        let terms = squeezed.iter().enumerate().map(|(s, x)| f64::from(*x) * f64::from(weight[s * BLOCK + c]));
                        let (sum, size) = terms.fold((f64::from(bias[c]), 1.0), |(sum, size), x| (sum + x, size + x.abs()));
                        let expected = match gate {
                            Gate::Sigmoid => 1.0 / (1.0 + (-sum).exp()),
                            Gate::HardSigmoid => (sum + 3.0).clamp(0.0, 6.0) / 6.0,
                        };
                        let error = (f64::from(*found) - expected).abs();
                        prop_assert!(error <= TOLERANCE * size, "{}: {found} of {sum}, {gate}", level.name());
                    }
                }
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for level in Level::available() {
            for gate in Gate::ALL {
                let mut gates = [0.0; BLOCK];
                gates_of_block(level, gate, &[1.0; BLOCK], &[f32::NAN], &[0.0; BLOCK], &mut gates);
                assert!(gates.iter().all(|gate| gate.is_nan()), "{}, {gate}: {gates:?}", level.name());
            }
        }
    }
}
