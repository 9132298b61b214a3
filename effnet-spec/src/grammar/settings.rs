//! AST settings to settings of a spec.

use super::ast::{Path, Setting, Value};
use super::report::Report;
use crate::named::Named;
use crate::{Budget, Error, HeadKind, Key, Limit, Mistake, Name, Place, Scale, Scaling, Settings};

/// A table's settings as far as they could be read; the rest is at its default.
#[derive(Clone, Debug)]
pub(super) struct ReadSettings<S> {
    pub(super) settings: Settings,
    pub(super) stem: Option<usize>,
    pub(super) scaling: Scaling,
    pub(super) budget: Budget,
    pub(super) crate_path: Option<Path<S>>,
    /// The settings and limits that the table has, and where the value of each stands, if it could be read.
    written: Vec<(Place, Option<S>)>,
}

/// Reads every setting.
pub(super) fn read<S: Copy>(settings: &[Setting<S>], report: &mut Report<S>) -> ReadSettings<S> {
    let mut read = ReadSettings {
        settings: Settings::DEFAULT,
        stem: None,
        scaling: Scaling::v2(1.0, 1.0),
        budget: Budget::default(),
        crate_path: None,
        written: Vec::new(),
    };
    for (key, value) in known(settings, Name::Setting, report) {
        let span = read.set(key, value, report).map(|()| value.span);
        read.written.push((Place::Setting(key), span));
    }
    read
}

/// The values of the settings whose name is in the set `K`, each the first of its name; the others are reported.
pub(super) fn known<'a, K: Named + PartialEq, S: Copy>(
    settings: &'a [Setting<S>],
    name: fn(K) -> Name,
    report: &mut Report<S>,
) -> Vec<(K, &'a Value<S>)> {
    let mut known: Vec<(K, &Value<S>)> = Vec::new();
    for Setting { key, key_span, value } in settings {
        match K::named(key) {
            None => report.error(*key_span, Mistake::unknown::<K>(key)),
            Some(key) if known.iter().any(|(seen, _)| *seen == key) => {
                report.error(*key_span, Mistake::Twice { name: name(key) });
            }
            Some(key) => known.push((key, value)),
        }
    }
    known
}

impl<S: Copy> ReadSettings<S> {
    /// Where the value of a setting or a limit stands: `default` if the table does not have it, `None` if it could not
    /// be read.
    pub(super) fn span(&self, place: Place, default: S) -> Option<S> {
        let written = self.written.iter().find(|(written, _)| *written == place);
        written.map_or(Some(default), |(_, span)| *span)
    }

    /// Takes a setting over. `None` if it could not be read, which has been reported.
    fn set(&mut self, key: Key, value: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let (settings, name) = (&mut self.settings, Name::Setting(key));
        match key {
            Key::InChannels => settings.in_channels = value.whole(name, report)?,
            Key::NumFeatures => settings.num_features = value.whole(name, report)?,
            Key::Dropout => settings.dropout = value.real(name, report)?,
            Key::DropPath => settings.drop_path = value.real(name, report)?,
            Key::BnEps => settings.bn_eps = value.real(name, report)?,
            Key::BnMomentum => settings.bn_momentum = value.real(name, report)?,
            Key::Padding => settings.padding = value.choice(report)?,
            Key::Activation => settings.activation = value.choice(report)?,
            Key::SeGate => settings.se_gate = value.choice(report)?,
            Key::SeActivation => settings.se_activation = Some(value.choice(report)?),
            Key::SeOf => settings.se_of = value.choice(report)?,
            Key::StemKernel => settings.stem_kernel = value.whole(name, report)?,
            Key::Head => settings.head = value.choice(report)?,
            Key::HeadBias => settings.head_bias = value.flag(name, report)?,
            Key::TrainSize => settings.train_size = Some(value.whole(name, report)?),
            Key::EvalSize => settings.eval_size = Some(value.whole(name, report)?),
            Key::Mean => settings.mean = value.reals(name, report)?.into(),
            Key::Std => settings.std = value.reals(name, report)?.into(),
            Key::Stem => self.stem = Some(value.whole(name, report)?),
            Key::Width => self.scaling.width = value.real(name, report)?,
            Key::Depth => self.scaling.depth = value.real(name, report)?,
            Key::Scale => self.scaling.scale = value.choice(report)?,
            Key::DepthRounding => self.scaling.depth_rounding = value.choice(report)?,
            Key::MinFeatures => self.scaling.min_features = value.whole(name, report)?,
            Key::FixedFeatures => self.scaling.fixed_features = value.flag(name, report)?,
            Key::Budget => self.set_budget(value, report)?,
            Key::Crate => self.crate_path = Some(value.path(name, report)?),
        }
        Some(())
    }

    /// The mistakes of settings that have no use beside others.
    pub(super) fn check_uses(&self) -> Vec<Error<Place>> {
        let has = |key| self.written.iter().any(|(place, _)| *place == Place::Setting(key));
        let error = |key, mistake| Error { place: Place::Setting(key), mistake };
        let mut errors = Vec::new();
        if self.settings.head == HeadKind::None {
            let unused = [Key::NumFeatures, Key::MinFeatures, Key::FixedFeatures].into_iter().filter(|key| has(*key));
            errors.extend(unused.map(|key| error(key, Mistake::NoHead { key })));
        } else if has(Key::MinFeatures) {
            let fixed = self.scaling.fixed_features.then_some("fixed_features");
            let fixed = fixed.or((self.scaling.scale == Scale::Lite).then_some("scale: lite"));
            let fixed = fixed.map(|by| error(Key::MinFeatures, Mistake::HeadIsFixed { by }));
            let none = (self.scaling.min_features == 0).then(|| Error::setting(Key::MinFeatures, 0));
            errors.extend(fixed.or(none));
        }
        errors
    }

    /// Takes the limits over in `{ params: 22M, macs: 8.4G, at: 384 }`.
    fn set_budget(&mut self, value: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let limits = value.settings(Name::Setting(Key::Budget), report)?;
        let known = known(limits, Name::Limit, report);
        if limits.iter().all(|limit| limit.key == Limit::At.name()) {
            report.error(value.span, Mistake::EmptyBudget);
        }
        for (limit, value) in known {
            let name = Name::Limit(limit);
            match limit {
                Limit::Params => self.budget.params = value.count(name, report),
                Limit::Macs => self.budget.macs = value.count(name, report),
                Limit::At => self.budget.at = value.whole(name, report),
            }
            self.written.push((Place::Limit(limit), Some(value.span)));
        }
        Some(())
    }
}
