//! The operations, with their parameters.

use super::Canvas;
use super::{affine, colour, cutout, histogram, point, sharpness};

/// An operation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AutoContrast,
    Equalize,
    Invert,
    Rotate,
    Posterize,
    Solarize,
    Color,
    Contrast,
    Brightness,
    Sharpness,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Cutout,
    SolarizeAdd,
}

impl Kind {
    /// RandAugment's operations, in automl's order.
    pub(super) const ALL: [Self; 16] = [
        Self::AutoContrast,
        Self::Equalize,
        Self::Invert,
        Self::Rotate,
        Self::Posterize,
        Self::Solarize,
        Self::Color,
        Self::Contrast,
        Self::Brightness,
        Self::Sharpness,
        Self::ShearX,
        Self::ShearY,
        Self::TranslateX,
        Self::TranslateY,
        Self::Cutout,
        Self::SolarizeAdd,
    ];
}

/// An operation with its parameters, ready to be applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    /// Each channel's darkest value becomes 0, its brightest 255.
    AutoContrast,
    /// Each channel's values become equally frequent.
    Equalize,
    /// Replaces a value by its distance from white.
    Invert,
    /// Keeps this many of a value's highest bits, 1 to 8.
    Posterize { bits: u32 },
    /// Inverts values from `threshold` on.
    Solarize { threshold: u32 },
    /// Adds to values below 128.
    SolarizeAdd { addition: u32 },
    /// Moves a pixel away from (above 1) or towards (below) its grey.
    Color { factor: f32 },
    /// Moves a value away from or towards the picture's mean grey.
    Contrast { factor: f32 },
    /// Multiplies a value.
    Brightness { factor: f32 },
    /// Moves a value away from or towards its neighbourhood's mean.
    Sharpness { factor: f32 },
    /// Turns the picture counterclockwise around its centre.
    Rotate { degrees: f64 },
    /// Moves a row to the left by `by` times its distance from the top.
    ShearX { by: f64 },
    /// Moves a column up by `by` times its distance from the left.
    ShearY { by: f64 },
    /// Moves the picture to the left.
    TranslateX { pixels: f64 },
    /// Moves the picture up.
    TranslateY { pixels: f64 },
    /// Covers a square of twice `pad` a side around a point, as far as it lies within the picture.
    Cutout { x: usize, y: usize, pad: usize },
}

impl Op {
    /// Applies the operation. Places outside the picture are grey.
    pub(super) fn apply(self, canvas: &mut Canvas<'_>) {
        match self {
            Self::AutoContrast => histogram::auto_contrast(canvas.pixels),
            Self::Equalize => histogram::equalize(canvas.pixels),
            Self::Invert => point::invert(canvas.pixels),
            Self::Posterize { bits } => point::posterize(canvas.pixels, bits),
            Self::Solarize { threshold } => point::solarize(canvas.pixels, threshold),
            Self::SolarizeAdd { addition } => point::solarize_add(canvas.pixels, addition),
            Self::Color { factor } => colour::saturate(canvas.pixels, factor),
            Self::Contrast { factor } => colour::contrast(canvas.pixels, factor),
            Self::Brightness { factor } => point::brightness(canvas.pixels, factor),
            Self::Sharpness { factor } => sharpness::sharpen(canvas, factor),
            Self::Rotate { degrees } => affine::rotate(canvas, degrees),
            Self::ShearX { by } => affine::transform(canvas, [1.0, by, 0.0, 0.0, 1.0, 0.0]),
            Self::ShearY { by } => affine::transform(canvas, [1.0, 0.0, 0.0, by, 1.0, 0.0]),
            Self::TranslateX { pixels } => affine::transform(canvas, [1.0, 0.0, pixels, 0.0, 1.0, 0.0]),
            Self::TranslateY { pixels } => affine::transform(canvas, [1.0, 0.0, 0.0, 0.0, 1.0, pixels]),
            Self::Cutout { x, y, pad } => cutout::cut(canvas, (x, y), pad),
        }
    }
}
