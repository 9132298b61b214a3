//! A convolution's weights in the order of a window's pixels.

use std::borrow::Cow;

/// Weights `[O, I, k, k]` as `[O, k, k, I]`: a row for each output channel, in the order in which a window's floats lie in
/// a map. `taps` is `k · k`.
pub fn by_window(weight: &[f32], inputs: usize, taps: usize) -> Cow<'_, [f32]> {
    if taps == 1 {
        return Cow::Borrowed(weight);
    }
    let mut rows = vec![0.0; weight.len()];
    for (from, to) in weight.chunks_exact(inputs * taps).zip(rows.chunks_exact_mut(inputs * taps)) {
        for (input, filter) in from.chunks_exact(taps).enumerate() {
            for (tap, value) in filter.iter().enumerate() {
                to[tap * inputs + input] = *value;
            }
        }
    }
    Cow::Owned(rows)
}
