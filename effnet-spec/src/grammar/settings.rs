//! AST settings to settings of a spec.

use super::ast::{Path, Setting, Value};
use super::budget::{self, Limits};
use super::messages;
use super::report::Report;
use crate::named::Named;
use crate::{Key, Settings};

/// A table's settings as far as they could be read; the rest is at its default.
#[derive(Clone, Debug)]
pub(super) struct ReadSettings<S> {
    pub(super) settings: Settings,
    pub(super) stem: Option<usize>,
    pub(super) width: Option<f64>,
    pub(super) depth: Option<f64>,
    pub(super) budget: Option<Limits<S>>,
    pub(super) crate_path: Option<Path<S>>,
    written: Vec<Written<S>>,
}

/// A setting that the table has.
#[derive(Clone, Copy, Debug)]
struct Written<S> {
    key: Key,
    /// Where its value stands.
    span: S,
    /// Whether it could be read.
    known: bool,
}

impl<S: Copy> ReadSettings<S> {
    /// Where the value of a setting stands, if the table has it.
    pub(super) fn span(&self, key: Key) -> Option<S> {
        self.written.iter().find(|written| written.key == key).map(|written| written.span)
    }

    /// Whether a setting is what the table says: not a default in place of something that could not be read.
    pub(super) fn knows(&self, key: Key) -> bool {
        !self.written.iter().any(|written| written.key == key && !written.known)
    }
}

/// Reads every setting.
pub(super) fn read<S: Copy>(settings: &[Setting<S>], report: &mut Report<S>) -> ReadSettings<S> {
    let mut read = ReadSettings {
        settings: Settings::DEFAULT,
        stem: None,
        width: None,
        depth: None,
        budget: None,
        crate_path: None,
        written: Vec::new(),
    };
    for (key, Setting { value, .. }) in known::<Key, S>(settings, report) {
        let known = read.set(key, value, report).is_some();
        read.written.push(Written { key, span: value.span, known });
    }
    read
}

/// The settings whose name is in the set `K`, each the first of its name; the others are reported.
pub(super) fn known<'a, K: Named + PartialEq, S: Copy>(
    settings: &'a [Setting<S>],
    report: &mut Report<S>,
) -> Vec<(K, &'a Setting<S>)> {
    let mut known: Vec<(K, &Setting<S>)> = Vec::new();
    for setting in settings {
        match K::named(&setting.key) {
            None => report.error(setting.key_span, messages::unknown::<K>(&setting.key)),
            Some(key) if known.iter().any(|(seen, _)| *seen == key) => {
                report.error(setting.key_span, messages::duplicate_setting(&setting.key));
            }
            Some(key) => known.push((key, setting)),
        }
    }
    known
}

impl<S: Copy> ReadSettings<S> {
    /// Takes a setting over. `None` if it could not be read, which has been reported.
    fn set(&mut self, key: Key, value: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let (name, legal) = (key.name(), key.legal());
        let settings = &mut self.settings;
        match key {
            Key::InChannels => settings.in_channels = value.whole(name, legal, report)?,
            Key::NumFeatures => settings.num_features = value.whole(name, legal, report)?,
            Key::Dropout => settings.dropout = value.real(name, legal, report)?,
            Key::DropPath => settings.drop_path = value.real(name, legal, report)?,
            Key::BnEps => settings.bn_eps = value.real(name, legal, report)?,
            Key::BnMomentum => settings.bn_momentum = value.real(name, legal, report)?,
            Key::Padding => settings.padding = value.choice(report)?,
            Key::Activation => settings.activation = value.choice(report)?,
            Key::TrainSize => settings.train_size = Some(value.whole(name, legal, report)?),
            Key::EvalSize => settings.eval_size = Some(value.whole(name, legal, report)?),
            Key::Mean => settings.mean = value.reals(name, legal, report)?.into(),
            Key::Std => settings.std = value.reals(name, legal, report)?.into(),
            Key::Stem => self.stem = Some(value.whole(name, legal, report)?),
            Key::Width => self.width = Some(value.real(name, legal, report)?),
            Key::Depth => self.depth = Some(value.real(name, legal, report)?),
            Key::Budget => self.budget = Some(budget::read(value, report)?),
            Key::Crate => self.crate_path = Some(value.path(name, legal, report)?),
        }
        Some(())
    }
}
