//! The rules of a legal table.

mod counts;
mod rows;
mod settings;

use std::borrow::Cow;

use crate::{Error, Key, Mistake, Place, Settings, Spec};

impl Spec {
    /// Every mistake of the table and its settings, rows first. Empty if the network can be built.
    ///
    /// No mistake follows from another: a row is compared with its neighbour only where both cells are legal, and
    /// counts are taken only of a table that is legal otherwise.
    ///
    /// ```
    /// use effnet_spec::{Column, Operator, Place, Row, Settings, Spec};
    ///
    /// let rows = [Row::new(1, 4, 2, 4, 24, 48, Operator::Fused, 0.0)];
    /// let spec = Spec { name: "Tiny".into(), rows: rows.to_vec().into(), settings: Settings::DEFAULT };
    /// let errors = spec.validate();
    /// assert_eq!(errors[0].place, Place::Cell(0, Column::Kernel));
    /// assert_eq!(errors[0].to_string(), "`kernel` is 4; it must be 3, 5 or 7");
    /// ```
    pub fn validate(&self) -> Vec<Error<Place>> {
        let mut errors = rows::check(&self.rows);
        errors.extend(settings::check(&self.settings));
        if errors.is_empty() {
            errors.extend(counts::check(self));
        }
        errors
    }

    /// The mistakes that no network can be built with: those of [`Spec::validate`], but not a momentum in TensorFlow's
    /// sense, nor a mean or a deviation of pixels in 0..=255. A table may not say these, and the file of a network that
    /// was trained with them does.
    pub fn check_built(&self) -> Vec<Error<Place>> {
        let Settings { bn_momentum, mean, std, .. } = &self.settings;
        let stand_in = |values: &Cow<'static, [f64]>, can_be: fn(f64) -> bool| {
            if values.iter().all(|value| can_be(*value)) { vec![0.5; values.len()].into() } else { values.clone() }
        };
        let settings = Settings {
            bn_momentum: if (0.0..=1.0).contains(bn_momentum) { 0.0 } else { *bn_momentum },
            mean: stand_in(mean, f64::is_finite),
            std: stand_in(std, is_positive),
            ..self.settings.clone()
        };
        Self { settings, ..self.clone() }.validate()
    }

    /// The mistake in a `stem` setting that says `declared`, if there is one.
    pub fn check_stem(&self, declared: usize) -> Option<Error<Place>> {
        let takes = self.rows.first()?.in_channels;
        if declared == 0 {
            return Some(Error::setting(Key::Stem, declared));
        }
        let mistake = Mistake::UnlikeFirstRow { stem: declared, takes };
        (takes != declared && takes > 0).then_some(Error { place: Place::Setting(Key::Stem), mistake })
    }
}

pub(crate) fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}
