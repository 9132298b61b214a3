//! A network as the text of a table: the macro's body, and what [`crate::grammar::parse_table`] reads.

use std::fmt;

use crate::{Key, Settings, Spec};

/// The rows, one a line, and the settings that aren't at their default.
///
/// ```
/// use effnet_spec::{Operator, Row, Settings, Spec, grammar::parse_table};
///
/// let rows = vec![Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0)];
/// let settings = Settings { dropout: 0.3, ..Settings::DEFAULT };
/// let spec = Spec { name: "Tiny".into(), rows: rows.into(), settings };
/// assert_eq!(spec.to_string(), "<\n    [2, 3, 1, 1, 24, 24, fused, 0],\n> { dropout: 0.3 }");
/// assert_eq!(parse_table("Tiny", &spec.to_string()), Ok(spec));
/// ```
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<\n")?;
        for row in self.rows() {
            writeln!(f, "    {row},")?;
        }
        match settings(&self.settings) {
            settings if settings.is_empty() => f.write_str(">"),
            settings => write!(f, "> {{ {} }}", settings.join(", ")),
        }
    }
}

/// Each setting that isn't at its default, as `key: value`.
fn settings(settings: &Settings) -> Vec<String> {
    let written = |settings: &Settings| {
        let size = |size: Option<usize>| size.map_or_else(String::new, |size| size.to_string());
        [
            (Key::InChannels, settings.in_channels.to_string()),
            (Key::NumFeatures, settings.num_features.to_string()),
            (Key::Dropout, format!("{:?}", settings.dropout)),
            (Key::DropPath, format!("{:?}", settings.drop_path)),
            (Key::BnEps, format!("{:?}", settings.bn_eps)),
            (Key::BnMomentum, format!("{:?}", settings.bn_momentum)),
            (Key::Padding, settings.padding.to_string()),
            (Key::Activation, settings.activation.to_string()),
            (Key::TrainSize, size(settings.train_size)),
            (Key::EvalSize, size(settings.eval_size)),
            (Key::Mean, reals(&settings.mean)),
            (Key::Std, reals(&settings.std)),
        ]
    };
    let both = written(settings).into_iter().zip(written(&Settings::DEFAULT));
    let changed = both.filter(|(own, default)| own != default);
    changed.map(|((key, value), _)| format!("{key}: {value}")).collect()
}

/// One number, or a list of them.
fn reals(values: &[f64]) -> String {
    match values {
        [value] => format!("{value:?}"),
        values => format!("{values:?}"),
    }
}
