//! Operations that need to know how often each value occurs in a channel.

use super::point::{table, through_each};

/// How often each value of each channel occurs.
pub(super) fn histograms(pixels: &[u8]) -> [[u32; 256]; 3] {
    let mut counts = [[[0u32; 256]; 3]; 2];
    // Neighbours are often alike, and an increment would wait for the one before: alternate between two sets of counts.
    for (at, pixel) in pixels.as_chunks::<3>().0.iter().enumerate() {
        for (value, counts) in pixel.iter().zip(&mut counts[at % 2]) {
            counts[usize::from(*value)] += 1;
        }
    }
    let [mut sum, other] = counts;
    for (sum, other) in sum.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
        *sum += other;
    }
    sum
}

/// `ImageOps.autocontrast`, in f64, truncated. automl computes it in f32, which may come out one lower.
pub(super) fn auto_contrast(pixels: &mut [u8]) {
    let tables = histograms(pixels).map(|counts| {
        let low = counts.iter().position(|count| *count > 0).unwrap_or(0) as f64;
        let high = counts.iter().rposition(|count| *count > 0).unwrap_or(0) as f64;
        if high <= low {
            return table(|value| value);
        }
        let scale = 255.0 / (high - low);
        let offset = -low * scale;
        table(|value| (f64::from(value) * scale + offset) as u8)
    });
    through_each(pixels, &tables);
}

/// `ImageOps.equalize`.
pub(super) fn equalize(pixels: &mut [u8]) {
    let tables = histograms(pixels).map(|counts| {
        let (mut all, mut last) = (0, 0);
        for count in counts.into_iter().filter(|count| *count > 0) {
            all += count;
            last = count;
        }
        let step = (all - last) / 255;
        if step == 0 {
            return table(|value| value);
        }
        let mut below = step / 2;
        counts.map(|count| {
            let entry = (below / step).min(255) as u8;
            below += count;
            entry
        })
    });
    through_each(pixels, &tables);
}
