//! Mistakes in the settings.

use super::is_positive;
use crate::{Error, HeadKind, Key, Mistake, Place, Settings};

pub(super) fn check(settings: &Settings) -> Vec<Error<Place>> {
    let mut errors = Vec::new();
    let Settings { in_channels, num_features, dropout, drop_path, bn_eps, bn_momentum, .. } = *settings;
    for (key, size) in [
        (Key::InChannels, Some(in_channels)),
        (Key::NumFeatures, (settings.head != HeadKind::None).then_some(num_features)),
        (Key::TrainSize, settings.train_size),
        (Key::EvalSize, settings.eval_size),
    ] {
        errors.extend((size == Some(0)).then(|| Error::setting(key, 0)));
    }
    for (key, value, legal) in [
        (Key::Dropout, dropout, (0.0..1.0).contains(&dropout)),
        (Key::DropPath, drop_path, (0.0..1.0).contains(&drop_path)),
        (Key::BnEps, bn_eps, is_positive(bn_eps)),
        (Key::BnMomentum, bn_momentum, (0.0..=0.5).contains(&bn_momentum) || is_tensorflows(bn_momentum)),
    ] {
        errors.extend((!legal).then(|| Error::setting(key, value)));
    }
    let stem_kernel = settings.stem_kernel;
    errors.extend((!matches!(stem_kernel, 1 | 3 | 5 | 7)).then(|| Error::setting(Key::StemKernel, stem_kernel)));
    let has_bias = settings.head_bias || settings.head == HeadKind::Pooled;
    errors.extend((!has_bias).then_some(Error { place: Place::Setting(Key::HeadBias), mistake: Mistake::NotPooled }));
    errors.extend(is_tensorflows(bn_momentum).then_some(Error {
        place: Place::Setting(Key::BnMomentum),
        mistake: Mistake::MomentumOfTensorFlow { value: bn_momentum },
    }));
    errors.extend(check_channels(Key::Mean, &settings.mean, in_channels, |value| (-1.0..=1.0).contains(&value)));
    errors.extend(check_channels(Key::Std, &settings.std, in_channels, |value| value > 0.0 && value <= 1.0));
    errors
}

/// Whether a momentum is one in TensorFlow's sense, the share of what was there before.
fn is_tensorflows(momentum: f64) -> bool {
    momentum > 0.5 && momentum <= 1.0
}

fn check_channels(key: Key, values: &[f64], channels: usize, is_legal: fn(f64) -> bool) -> Option<Error<Place>> {
    if let Some(&wrong) = values.iter().find(|&&value| !is_legal(value)) {
        let in_bytes = values.iter().all(|value| (0.0..=255.0).contains(value)) && wrong > 1.0;
        let mistake = Mistake::PixelsTo255 { key, values: values.to_vec() };
        let error = Error { place: Place::Setting(key), mistake };
        return Some(if in_bytes { error } else { Error::setting(key, wrong) });
    }
    let count = values.len();
    let mistake = Mistake::NotOneAChannel { key, count, channels };
    (count != 1 && count != channels && channels > 0).then_some(Error { place: Place::Setting(key), mistake })
}
