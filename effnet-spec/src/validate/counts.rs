//! Counts that don't fit 64 bits.

use super::Mistake;
use crate::{DEFAULT_SIZE, Key, Place, Size, Spec};

/// The first part of the network whose costs overflow, if there is one. The cells themselves are legal.
pub(super) fn check(spec: &Spec) -> Option<Mistake> {
    let (size, classes) = (spec.default_size(), 1_000);
    if !spec.cost(Size::square(size), classes).overflows() {
        return None;
    }
    let costs = spec.costs(Size::square(size.min(DEFAULT_SIZE)), classes);
    let stage = costs.stages.iter().position(|stage| stage.overflows());
    let (place, message) = if let Some(stage) = stage {
        (Place::Row(stage), "the stage's counts overflow 64 bits; its channels or its expansion must be smaller")
    } else if costs.stem.overflows() {
        (Place::Setting(Key::InChannels), "the stem's counts overflow 64 bits; in_channels must be smaller")
    } else if costs.head.overflows() {
        (Place::Setting(Key::NumFeatures), "the head's counts overflow 64 bits; num_features must be smaller")
    } else if costs.total().overflows() {
        (Place::Table, "the network's counts overflow 64 bits; its channels must be fewer")
    } else {
        let key = if spec.settings.eval_size.is_some() { Key::EvalSize } else { Key::TrainSize };
        (Place::Setting(key), "the counts at this image size overflow 64 bits; it must be smaller")
    };
    Some(Mistake { place, message: message.to_owned() })
}
