//! Pointwise operations on single values: each is a table of all 256.

/// Replaces every value by its entry.
pub(super) fn through(pixels: &mut [u8], table: &[u8; 256]) {
    for value in pixels {
        *value = table[usize::from(*value)];
    }
}

/// Replaces every value by its entry in its channel's table.
pub(super) fn through_each(pixels: &mut [u8], tables: &[[u8; 256]; 3]) {
    for pixel in pixels.as_chunks_mut::<3>().0 {
        for (value, table) in pixel.iter_mut().zip(tables) {
            *value = table[usize::from(*value)];
        }
    }
}

/// A table from a function of the value.
pub(super) fn table(of: impl Fn(u8) -> u8) -> [u8; 256] {
    std::array::from_fn(|value| of(value as u8))
}

/// Pillow's `Image.blend` of two values: a factor of 0 gives `from`, 1 gives `to`, and others interpolate or
/// extrapolate.
///
/// Computes in f32, as Pillow's C does, and truncates after clamping to the range.
#[inline(always)]
pub(super) fn blend(from: u8, to: u8, factor: f32) -> u8 {
    let (from, to) = (i32::from(from), i32::from(to));
    // Clamped before the conversion, which therefore need not saturate.
    ((from as f32 + factor * (to - from) as f32).clamp(0.0, 255.0)) as i32 as u8
}

/// `ImageOps.invert`.
pub(super) fn invert(pixels: &mut [u8]) {
    for value in pixels {
        *value = 255 - *value;
    }
}

/// `ImageOps.posterize`.
pub(super) fn posterize(pixels: &mut [u8], bits: u32) {
    let mask = u8::MAX << (8 - bits);
    for value in pixels {
        *value &= mask;
    }
}

/// `ImageOps.solarize`.
pub(super) fn solarize(pixels: &mut [u8], threshold: u32) {
    through(pixels, &table(|value| if u32::from(value) < threshold { value } else { 255 - value }));
}

/// automl's `solarize_add`, with its threshold of 128. Pillow has none; timm's is the same.
pub(super) fn solarize_add(pixels: &mut [u8], addition: u32) {
    through(pixels, &table(|value| if value < 128 { (u32::from(value) + addition).min(255) as u8 } else { value }));
}

/// `ImageEnhance.Brightness`.
pub(super) fn brightness(pixels: &mut [u8], factor: f32) {
    through(pixels, &table(|value| blend(0, value, factor)));
}
