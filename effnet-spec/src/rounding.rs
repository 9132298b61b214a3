//! Channels to multiples of 8, as the families' implementations round them.

/// The number that every channel count is rounded to a multiple of.
const DIVISOR: usize = 8;

/// Channels to the nearest multiple of 8, ties up, and at least 8.
pub(crate) const fn round(channels: f64) -> usize {
    match (channels + DIVISOR as f64 / 2.0) as usize / DIVISOR * DIVISOR {
        0 => DIVISOR,
        rounded => rounded,
    }
}

/// Channels to the nearest multiple of 8, or to the one above where that takes off over 10 %.
pub(crate) const fn round_guarded(channels: f64) -> usize {
    let rounded = round(channels);
    if (rounded as f64) < 0.9 * channels { rounded.saturating_add(DIVISOR) } else { rounded }
}
