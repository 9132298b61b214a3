use crate::data::rectangle::rectangles;
use crate::random::Stream;

/// A piece of a picture, in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Window {
    /// The whole picture, or the middle of one that is longer than [`MAX_ASPECT`] times its shorter side.
    pub(super) fn middle(width: u32, height: u32) -> Self {
        let limit = width.min(height).saturating_mul(MAX_ASPECT);
        let (w, h) = (width.min(limit), height.min(limit));
        Self { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h }
    }
}

/// A centre crop keeps only the middle of a strip. To resize all of a strip of 16,384 × 1 would take gigabytes.
const MAX_ASPECT: u32 = 8;

/// torchvision's `RandomResizedCrop.get_params`: a window with an area of `scale` times the picture's and an aspect of
/// `ratio`, log-uniform; after ten draws that do not fit, the largest centred window with a legal aspect.
pub(super) fn random_window(width: u32, height: u32, scale: (f64, f64), ratio: (f64, f64), draws: &Stream) -> Window {
    let area = f64::from(width) * f64::from(height);
    for (element, w, h) in rectangles(draws, 0, area, scale, ratio) {
        if (1.0..=f64::from(width)).contains(&w) && (1.0..=f64::from(height)).contains(&h) {
            let (w, h) = (w as u32, h as u32);
            let top = draws.below(element, u64::from(height - h) + 1) as u32;
            let left = draws.below(element + 1, u64::from(width - w) + 1) as u32;
            return Window { left, top, width: w, height: h };
        }
    }
    let aspect = f64::from(width) / f64::from(height);
    let (mut w, mut h) = (width, height);
    if aspect < ratio.0 {
        h = ((f64::from(width) / ratio.0).round_ties_even() as u32).clamp(1, height);
    } else if aspect > ratio.1 {
        w = ((f64::from(height) * ratio.1).round_ties_even() as u32).clamp(1, width);
    }
    Window { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h }
}

/// Keeps the centred `size` × `size` square of RGB pixels at least as large, rounding as torchvision does.
pub(super) fn keep_centre<T: Copy>(pixels: &mut Vec<T>, (width, height): (u32, u32), size: usize) {
    let start = |side: u32| ((f64::from(side) - size as f64) / 2.0).round_ties_even() as usize;
    let (left, top, stride) = (start(width), start(height), width as usize * 3);
    if stride == size * 3 && height as usize == size {
        return;
    }
    for row in 0..size {
        // Row by row from the first: a row moves towards the beginning, never past one that is still to be moved.
        let from = (top + row) * stride + left * 3;
        pixels.copy_within(from..from + size * 3, row * size * 3);
    }
    pixels.truncate(size * size * 3);
}
