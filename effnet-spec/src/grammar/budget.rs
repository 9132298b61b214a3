//! A budget's limits.

use super::ast::{Setting, Value};
use super::messages;
use super::report::Report;
use super::settings::known;
use crate::Key;
use crate::named::named;

named! {
    /// What a budget names.
    enum Limit: "limit" {
        Params = "params",
        Macs = "macs",
        At = "at",
    }
}

/// What the size that MACs are counted at may be, to follow "must be".
const PIXELS: &str = "a positive whole number";

/// A limit, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spanned<T, S> {
    pub(super) value: T,
    pub(super) span: S,
}

/// The limits that a budget names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<S> {
    pub(super) params: Option<Spanned<u64, S>>,
    pub(super) macs: Option<Spanned<u64, S>>,
    pub(super) at: Option<Spanned<usize, S>>,
}

/// Reads `{ params: 22M, macs: 8.4G, at: 384 }`.
pub(super) fn read<S: Copy>(value: &Value<S>, report: &mut Report<S>) -> Option<Limits<S>> {
    let settings = value.settings(Key::Budget.name(), Key::Budget.legal(), report)?;
    let mut limits = Limits { params: None, macs: None, at: None };
    let known = known::<Limit, S>(settings, report);
    if settings.iter().all(|setting| setting.key == Limit::At.name()) {
        report.error(value.span, messages::empty_budget());
    }
    for (limit, Setting { key, value, .. }) in known {
        let span = value.span;
        match limit {
            Limit::Params => limits.params = value.count(key, report).map(|value| Spanned { value, span }),
            Limit::Macs => limits.macs = value.count(key, report).map(|value| Spanned { value, span }),
            Limit::At => {
                let size = value.whole(key, PIXELS, report);
                limits.at = size.map(|value| Spanned { value, span });
                if size == Some(0) {
                    report.error(span, messages::not_legal(key, PIXELS, "0"));
                }
            }
        }
    }
    Some(limits)
}
