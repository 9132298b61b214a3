//! Compound scaling, rounded as google/automl does (`effnetv2_model.py`, `round_filters` and `round_repeats`).

use crate::validate::is_positive;
use crate::{Error, Key, Place, Row, Settings, Spec};

/// The number that every channel count is rounded to a multiple of.
const DIVISOR: usize = 8;

/// Channels scaled by `width`: to the nearest multiple of 8, ties up, and at least 8.
///
/// It has no guard as EfficientNetV1 and MobileNet have, which go up once more where rounding took off over 10 %. A
/// `width` of 1 changes nothing, not even to a multiple of 8.
pub fn round_filters(channels: usize, width: f64) -> usize {
    if width == 1.0 {
        return channels;
    }
    let nearest = (channels as f64 * width + DIVISOR as f64 / 2.0) as usize / DIVISOR * DIVISOR;
    nearest.max(DIVISOR)
}

/// Repeats scaled by `depth`: rounded up.
pub fn round_repeats(repeats: usize, depth: f64) -> usize {
    (repeats as f64 * depth).ceil() as usize
}

impl Spec {
    /// The network with all channels scaled by `width`, the stem's and the head's included, and all repeats by `depth`.
    ///
    /// ```
    /// # use effnet_spec::{Operator, Row, Settings, Spec};
    /// # let rows = [Row::new(1, 3, 1, 1, 32, 16, Operator::Fused, 0.0)];
    /// # let b0 = Spec { name: "B0".into(), rows: rows.to_vec().into(), settings: Settings::DEFAULT };
    /// let b3 = b0.scaled(1.2, 1.4);
    /// assert_eq!((b3.stem_channels(), b3.last_channels(), b3.settings.num_features), (40, 16, 1536));
    /// assert_eq!(b3.num_blocks(), 2);
    /// ```
    #[must_use]
    pub fn scaled(&self, width: f64, depth: f64) -> Self {
        let rows = self.rows.iter().map(|row| Row {
            repeats: round_repeats(row.repeats, depth),
            in_channels: round_filters(row.in_channels, width),
            out_channels: round_filters(row.out_channels, width),
            ..*row
        });
        let num_features = round_filters(self.settings.num_features, width);
        Self {
            name: self.name.clone(),
            rows: rows.collect(),
            settings: Settings { num_features, ..self.settings.clone() },
        }
    }
}

/// The mistakes in the factors of [`Spec::scaled`].
pub fn check_scaling(width: f64, depth: f64) -> Vec<Error<Place>> {
    let factors = [(Key::Width, width), (Key::Depth, depth)].into_iter();
    factors.filter(|&(_, factor)| !is_positive(factor)).map(|(key, factor)| Error::setting(key, factor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_multiple_of_8_without_a_guard() {
        for (channels, width, rounded) in
            [(32, 1.1, 32), (16, 1.1, 16), (96, 1.1, 104), (112, 1.1, 120), (16, 1.2, 16), (112, 1.2, 136), (8, 0.1, 8)]
        {
            assert_eq!(round_filters(channels, width), rounded, "{channels} · {width}");
        }
        // With the guard it would be 24: 16 is more than 10 % below 19.2.
        assert_eq!(round_filters(16, 1.2), 16);
        assert_eq!(round_filters(20, 1.0), 20);
    }

    #[test]
    fn rounds_repeats_up() {
        assert_eq!([1, 2, 3, 5, 8].map(|repeats| round_repeats(repeats, 1.1)), [2, 3, 4, 6, 9]);
        assert_eq!(round_repeats(5, 1.0), 5);
    }

    #[test]
    fn refuses_factors_that_are_not_positive() {
        assert!(check_scaling(1.1, 0.5).is_empty());
        let errors = check_scaling(0.0, f64::NAN);
        let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            ["`width` is 0; it must be a positive number", "`depth` is NaN; it must be a positive number"]
        );
    }
}
