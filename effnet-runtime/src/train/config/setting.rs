//! A setting's row of the table, and the macro that turns the table into types.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;

use effnet_kernels::Precision;
use toml::Value;

use super::super::error::{Error, Result};
use super::values::{ClassWeights, OptimizerKind, PolicyKind, ScheduleKind, StatisticsKind};
use crate::data::OnBadImage;
use crate::dialect::{Fit, Interpolation};
use crate::weights::Source;

/// A row of the table of settings: a key of `config.toml`.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The whole key, such as `optimizer.lr`.
    pub(crate) key: &'static str,
    /// Its meaning, in sentences.
    pub(crate) help: &'static str,
    /// Kind of its value.
    pub(crate) kind: Kind,
    /// Its default.
    pub(crate) fallback: Fallback,
    /// Bounds of its numbers.
    pub(crate) bounds: Option<Bounds>,
    /// Flag of `train` that sets it, without dashes, and the name of its value in `--help`.
    pub(crate) flag: Option<(&'static str, &'static str)>,
    /// Heading of `--help` that lists the flag.
    pub(crate) heading: &'static str,
}

/// Kind of a setting's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Whole,
    Number,
    Text,
    Path,
    /// Where weights are.
    Source,
    /// A list of numbers; its flag gives them with commas between them.
    Numbers,
    /// A list of texts; its flag gives one, and may be repeated.
    Texts,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A value that no flag gives, in words.
    Other(&'static str),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Path => "a path",
            Self::Source => "a file, a folder or `hf:owner/name[@revision]`",
            Self::Numbers => "a list of numbers",
            Self::Texts => "a list of texts",
            Self::OneOf(words) => return write!(f, "one of `{}`", words.join("`, `")),
            Self::Other(words) => words,
        })
    }
}

/// Default of a setting.
#[derive(Debug)]
pub(crate) enum Fallback {
    /// This value.
    Value(Value),
    /// Words that say what sets the key, or what happens without it.
    Words(&'static str),
}

/// Bounds of a setting's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds(Bound<f64>, Bound<f64>);

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Bound::Included(least) => write!(f, "at least {least}")?,
            Bound::Excluded(least) => write!(f, "above {least}")?,
            Bound::Unbounded => f.write_str("finite")?,
        }
        match self.1 {
            Bound::Included(greatest) => write!(f, " and at most {greatest}"),
            Bound::Excluded(greatest) => write!(f, " and below {greatest}"),
            Bound::Unbounded => Ok(()),
        }
    }
}

/// The vocabulary of a row: each method states one property.
impl Setting {
    pub(super) fn new(key: &'static str, kind: Kind, heading: &'static str, help: &'static str) -> Self {
        Self { key, help: help.trim_start(), kind, fallback: Fallback::Words(""), bounds: None, flag: None, heading }
    }

    pub(super) fn default(self, value: impl Into<Value>) -> Self {
        Self { fallback: Fallback::Value(value.into()), ..self }
    }

    pub(super) fn otherwise(self, words: &'static str) -> Self {
        Self { fallback: Fallback::Words(words), ..self }
    }

    pub(super) fn within<N: Into<f64> + Copy>(self, range: impl RangeBounds<N>) -> Self {
        let [least, greatest] =
            [range.start_bound(), range.end_bound()].map(|bound| bound.map(|&number| number.into()));
        Self { bounds: Some(Bounds(least, greatest)), ..self }
    }

    pub(super) fn above(self, least: f64) -> Self {
        self.within((Bound::Excluded(least), Bound::Unbounded))
    }

    pub(super) fn flag(self, name: &'static str, value: &'static str) -> Self {
        Self { flag: Some((name, value)), ..self }
    }

    /// Kind and bounds in words.
    pub(super) fn values(&self) -> String {
        self.bounds.map_or_else(|| self.kind.to_string(), |bounds| format!("{}, {bounds}", self.kind))
    }

    /// Checks that a value, or each number of a list, is within the bounds.
    pub(super) fn check(&self, value: &Value) -> Result<()> {
        let (Some(bounds), key) = (self.bounds, self.key) else { return Ok(()) };
        let (numbers, which) = match value {
            Value::Array(values) => (values.iter().filter_map(number).collect(), "each"),
            value => (number(value).into_iter().collect::<Vec<_>>(), "it"),
        };
        let is_sane = |number: &f64| number.is_finite() && (bounds.0, bounds.1).contains(number);
        let Some(number) = numbers.iter().find(|number| !is_sane(number)) else { return Ok(()) };
        let finite = if number.is_finite() { "" } else { "finite, and " };
        Err(Error::Setting(format!("{key} = {number}: {which} must be {finite}{bounds}")))
    }
}

/// The number that a value is; none for other values.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// A type of setting values.
pub(super) trait SettingType {
    const KIND: Kind;
}

macro_rules! kinds {
    ($($value:ty => $kind:expr;)+) => { $(impl SettingType for $value { const KIND: Kind = $kind; })+ };
}

kinds! {
    u64 => Kind::Whole;
    usize => Kind::Whole;
    f64 => Kind::Number;
    (f64, f64) => Kind::Other("two numbers");
    bool => Kind::Other("`true` or `false`");
    String => Kind::Text;
    Vec<String> => Kind::Texts;
    PathBuf => Kind::Path;
    Source => Kind::Source;
    Vec<f64> => Kind::Numbers;
    Fit => Kind::OneOf(&["crop", "squash", "cut"]);
    Interpolation => Kind::OneOf(&["bilinear", "bicubic", "tf-bilinear", "tf1-bicubic"]);
    Precision => Kind::OneOf(&["f32", "bf16"]);
    OnBadImage => Kind::OneOf(&["fail", "skip"]);
    PolicyKind => Kind::OneOf(&["none", "randaugment", "autoaugment"]);
    OptimizerKind => Kind::OneOf(&["adamw", "sgd", "rmsprop"]);
    ScheduleKind => Kind::OneOf(&["cosine", "exponential", "linear", "constant"]);
    StatisticsKind => Kind::OneOf(&["local", "synchronised", "running"]);
    ClassWeights => Kind::Other("`equal`, `balanced`, or a list of numbers");
}

impl<T: SettingType> SettingType for Option<T> {
    const KIND: Kind = T::KIND;
}

/// Turns a table of settings into the types that hold them, `SETTINGS` with every row, and `GROUPS` with every table's
/// name and meaning. A row is `key: type { properties }`, with the methods of [`Setting`] as properties; its doc
/// comment is the text of `--help` and of docs/settings.md.
macro_rules! settings {
    (
        $(#[doc = $all:literal])+
        $config:ident, $heading:literal {
            $($(#[doc = $help:literal])+ $key:ident: $value:ty { $($word:ident($($said:tt)*)),* $(,)? })+
        }
        $(
            $(#[doc = $about:literal])+
            $group:ident: $part:ident, $part_heading:literal {
                $($(#[doc = $part_help:literal])+ $part_key:ident: $part_value:ty
                    { $($part_word:ident($($part_said:tt)*)),* $(,)? })+
            }
        )+
    ) => {
        $(#[doc = $all])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $config {
            $($(#[doc = $help])+ pub $key: $value,)+
            $($(#[doc = $about])+ pub $group: $part,)+
        }

        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $part {
                $($(#[doc = $part_help])+ pub $part_key: $part_value,)+
            }
        )+

        /// Every setting, in the order of `config.toml`.
        pub(crate) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
            vec![
                $(Setting::new(
                    stringify!($key), <$value as SettingType>::KIND, $heading, concat!($($help),+)
                )$(.$word($($said)*))*,)+
                $($(Setting::new(
                    concat!(stringify!($group), ".", stringify!($part_key)),
                    <$part_value as SettingType>::KIND,
                    $part_heading,
                    concat!($($part_help),+),
                )$(.$part_word($($part_said)*))*,)+)+
            ]
        });

        /// Every table of `config.toml`, and its meaning.
        pub(crate) const GROUPS: &[(&str, &str)] = &[$((stringify!($group), concat!($($about),+))),+];
    };
}

pub(super) use settings;
