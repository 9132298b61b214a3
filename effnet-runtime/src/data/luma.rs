//! The grey of a colour, ITU-R 601-2 luma: what a network of one channel sees, and what some distortions need.

/// Pillow's `convert("L")`, in its fixed point.
#[inline(always)]
pub(super) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

/// The same for values from 0 to 255 that are not rounded.
pub(super) fn luma_of_floats([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}
