//! A network as the text of a table: the macro's body, and what [`crate::grammar::parse_table`] reads.

use std::fmt;

use crate::{HeadKind, Key, Settings, Spec};

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
        match written(&self.settings) {
            settings if settings.is_empty() => f.write_str(">"),
            settings => write!(f, "> {{ {settings} }}"),
        }
    }
}

/// The settings that aren't at their default: `dropout: 0.3, padding: same`.
pub(crate) fn written(settings: &Settings) -> String {
    let settings: Vec<String> = changed(settings).map(|(key, value)| format!("{key}: {value}")).collect();
    settings.join(", ")
}

/// Each setting that isn't at its default, and its value as a table has it.
pub(crate) fn changed(settings: &Settings) -> impl Iterator<Item = (Key, String)> {
    let written = |settings: &Settings| {
        // A network without a head's convolution does not say how wide it would be.
        let features =
            if settings.head == HeadKind::None { Settings::DEFAULT.num_features } else { settings.num_features };
        let features = features.to_string();
        let size = |size: Option<usize>| size.map_or_else(String::new, |size| size.to_string());
        [
            (Key::InChannels, settings.in_channels.to_string()),
            (Key::StemKernel, settings.stem_kernel.to_string()),
            (Key::Head, settings.head.to_string()),
            (Key::HeadBias, settings.head_bias.to_string()),
            (Key::NumFeatures, features),
            (Key::Dropout, format!("{:?}", settings.dropout)),
            (Key::DropPath, format!("{:?}", settings.drop_path)),
            (Key::BnEps, format!("{:?}", settings.bn_eps)),
            (Key::BnMomentum, format!("{:?}", settings.bn_momentum)),
            (Key::Padding, settings.padding.to_string()),
            (Key::Activation, settings.activation.to_string()),
            (Key::SeGate, settings.se_gate.to_string()),
            (Key::SeActivation, settings.se_activation.map_or_else(String::new, |activation| activation.to_string())),
            (Key::SeOf, settings.se_of.to_string()),
            (Key::TrainSize, size(settings.train_size)),
            (Key::EvalSize, size(settings.eval_size)),
            (Key::Mean, reals(&settings.mean)),
            (Key::Std, reals(&settings.std)),
        ]
    };
    let both = written(settings).into_iter().zip(written(&Settings::DEFAULT));
    both.filter(|(own, default)| own != default).map(|(own, _)| own)
}

/// One number, or a list of them.
fn reals(values: &[f64]) -> String {
    match values {
        [value] => format!("{value:?}"),
        values => format!("{values:?}"),
    }
}
