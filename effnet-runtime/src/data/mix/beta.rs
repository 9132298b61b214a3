//! Draws from a beta distribution.

use crate::random::Stream;

/// Draws that one gamma variate may use: no loop comes near it.
const DRAWS: u64 = 1 << 32;

/// A draw from Beta(alpha, alpha): G₁ / (G₁ + G₂) for two gamma variates.
///
/// Both variates can underflow f64 for a small alpha; hence the logarithms.
pub(super) fn beta(draws: &Stream, alpha: f64) -> f64 {
    let (first, second) = (ln_gamma_variate(draws, 0, alpha), ln_gamma_variate(draws, DRAWS, alpha));
    1.0 / (1.0 + (second - first).exp())
}

/// The logarithm of a draw from Gamma(shape, 1), by rejection (Marsaglia & Tsang, *A Simple Method for Generating Gamma
/// Variables*, 2000): exact, from draws `from` on.
///
/// The method is not defined for a shape below 1, where a variate for `shape + 1` times U^(1 / shape) is one for
/// `shape` (section 6 there).
fn ln_gamma_variate(draws: &Stream, from: u64, shape: f64) -> f64 {
    const DRAWS_PER_TRY: u64 = 4;
    // Within (0, 1], which has logarithms.
    let ln_uniform = |element| (1.0 - draws.uniform(element)).ln();
    let (shape, ln_boost) = if shape < 1.0 { (shape + 1.0, ln_uniform(from) / shape) } else { (shape, 0.0) };
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let mut element = from + DRAWS_PER_TRY;
    loop {
        // Normal draw n is made from the uniform draws 2n and 2n + 1.
        let x = draws.normal(element / 2);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && ln_uniform(element + 2) < 0.5 * x * x + d - d * v + d * v.ln() {
            return ln_boost + (d * v).ln();
        }
        element += DRAWS_PER_TRY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::draw::{Draw, Part};

    #[test]
    fn moments_are_those_of_the_distribution() {
        let count = 200_000;
        for alpha in [0.05, 0.2, 0.5, 1.0, 1.7, 8.0] {
            let draw = |sample| beta(&Draw { seed: 3, epoch: 0, sample }.stream(Part::Mix), alpha);
            let draws: Vec<f64> = (0..count).map(draw).collect();
            assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
            let moment = |power| draws.iter().map(|draw| (draw - 0.5).powi(power)).sum::<f64>() / count as f64;
            // Var = 1 / (4 (2α + 1)); the fourth central moment is 3 Var² (2α + 1) / (2α + 3).
            let variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            let fourth = 3.0 * variance * variance * (2.0 * alpha + 1.0) / (2.0 * alpha + 3.0);
            // Five standard errors of 200,000 draws of the widest of these distributions.
            assert!(moment(1).abs() < 5.6e-3, "mean for {alpha}: {}", moment(1));
            assert!(moment(3).abs() < 1.4e-3, "third moment for {alpha}: {}", moment(3));
            assert!((moment(2) / variance - 1.0).abs() < 0.02, "variance for {alpha}: {}", moment(2) / variance);
            assert!((moment(4) / fourth - 1.0).abs() < 0.04, "fourth moment for {alpha}: {}", moment(4) / fourth);
        }
    }

    #[test]
    fn of_one_it_is_uniform() {
        let draw = |sample| beta(&Draw { seed: 3, epoch: 1, sample }.stream(Part::Mix), 1.0);
        let mut tenths = [0; 10];
        (0..100_000).for_each(|sample| tenths[(draw(sample) * 10.0) as usize] += 1);
        // Five standard errors of 10,000.
        assert!(tenths.iter().all(|count| (9_525..10_475).contains(count)), "{tenths:?}");
    }

    #[test]
    fn the_smallest_alpha_gives_one_picture_or_the_other() {
        let draw = |sample| beta(&Draw { seed: 3, epoch: 2, sample }.stream(Part::Mix), super::super::MIN_ALPHA);
        let draws: Vec<f64> = (0..1_000).map(draw).collect();
        assert!(draws.iter().all(|draw| *draw < 1e-3 || *draw > 1.0 - 1e-3));
        assert!((400..600).contains(&draws.iter().filter(|draw| **draw > 0.5).count()));
    }
}
