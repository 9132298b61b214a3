//! Mistakes in the settings.

use super::{Mistake, setting};
use crate::{Key, Place, Settings};

pub(super) fn check(settings: &Settings) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let Settings { in_channels, num_features, dropout, drop_path, bn_eps, bn_momentum, .. } = *settings;
    for (key, size) in [
        (Key::InChannels, Some(in_channels)),
        (Key::NumFeatures, Some(num_features)),
        (Key::TrainSize, settings.train_size),
        (Key::EvalSize, settings.eval_size),
    ] {
        mistakes.extend((size == Some(0)).then(|| setting(key, 0)));
    }
    for (key, value, legal) in [
        (Key::Dropout, dropout, (0.0..1.0).contains(&dropout)),
        (Key::DropPath, drop_path, (0.0..1.0).contains(&drop_path)),
        (Key::BnEps, bn_eps, is_positive(bn_eps)),
        (Key::BnMomentum, bn_momentum, (0.0..=1.0).contains(&bn_momentum)),
    ] {
        mistakes.extend((!legal).then(|| setting(key, value)));
    }
    mistakes.extend(check_channels(Key::Mean, &settings.mean, in_channels, f64::is_finite));
    mistakes.extend(check_channels(Key::Std, &settings.std, in_channels, is_positive));
    mistakes
}

pub(crate) fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

fn check_channels(key: Key, values: &[f64], in_channels: usize, is_legal: fn(f64) -> bool) -> Option<Mistake> {
    if let Some(&wrong) = values.iter().find(|&&value| !is_legal(value)) {
        return Some(setting(key, wrong));
    }
    if values.len() == 1 || values.len() == in_channels || in_channels == 0 {
        return None;
    }
    let (name, count) = (key.name(), values.len());
    let message = match in_channels {
        1 => format!("{name} has {count} numbers; it must have one, because images have one channel"),
        _ => format!("{name} has {count} numbers; it must have one, or one for each of the {in_channels} channels"),
    };
    Some(Mistake { place: Place::Setting(key), message })
}
