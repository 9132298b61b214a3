//! Rectangles of a random area and aspect, as torchvision's crops and timm's erasing draw them.

use crate::random::Stream;

const TRIES: u64 = 10;
const DRAWS_PER_TRY: u64 = 4;

/// Ten rectangles, with draws from `first` on: a `share` of `area`, and an aspect of one side by the other within
/// `aspect`, log-uniform. Each comes as the number of the first of two draws that may place it, and its sides.
pub(super) fn rectangles(
    draws: &Stream,
    first: u64,
    area: f64,
    share: (f64, f64),
    aspect: (f64, f64),
) -> impl Iterator<Item = (u64, f64, f64)> {
    let between = |element, (low, high): (f64, f64)| low + (high - low) * draws.uniform(element);
    (0..TRIES).map(move |attempt| first + attempt * DRAWS_PER_TRY).map(move |first| {
        let area = area * between(first, share);
        let aspect = between(first + 1, (aspect.0.ln(), aspect.1.ln())).exp();
        (first + 2, (area * aspect).sqrt().round_ties_even(), (area / aspect).sqrt().round_ties_even())
    })
}
