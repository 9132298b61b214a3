//! Counts that don't fit 64 bits.

use crate::{DEFAULT_SIZE, Error, Key, Mistake, Place, Size, Spec};

/// The first part of the network whose costs overflow, if there is one. The cells themselves are legal.
pub(super) fn check(spec: &Spec) -> Option<Error<Place>> {
    let (size, classes) = (spec.settings.default_size(), 1_000);
    if !spec.cost(Size::square(size), classes).overflows() {
        return None;
    }
    let costs = spec.costs(Size::square(size.min(DEFAULT_SIZE)), classes);
    let (place, mistake) = if let Some(row) = costs.rows.iter().position(|row| row.overflows()) {
        (Place::Row(row), Mistake::StageOverflows)
    } else if costs.stem.overflows() {
        (Place::Setting(Key::InChannels), Mistake::StemOverflows)
    } else if costs.head.overflows() {
        (Place::Setting(Key::NumFeatures), Mistake::HeadOverflows)
    } else if costs.total().overflows() {
        (Place::Table, Mistake::NetworkOverflows)
    } else {
        let key = if spec.settings.eval_size.is_some() { Key::EvalSize } else { Key::TrainSize };
        (Place::Setting(key), Mistake::SizeOverflows)
    };
    Some(Error { place, mistake })
}
