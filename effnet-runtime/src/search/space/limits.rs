//! What a network of a space may cost at most.

use std::fmt;

use effnet_spec::{Size, Spec, named, thousands};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

named! {
    /// Something that a space can limit.
    pub enum Limit: "limit" {
        /// Trainable parameters, with a classifier for the data's classes.
        Params = "params",
        /// Multiply-accumulates of one image.
        Macs = "macs",
        /// Bytes that a training step keeps for its backward pass, for each image.
        ActivationBytes = "activation_bytes",
        /// Milliseconds of a training step.
        StepMs = "step_ms",
        /// Milliseconds of an inference.
        InferMs = "infer_ms",
    }
}

/// What a network of a space may cost at most, where the space says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Trainable parameters, with a classifier for the data's classes.
    #[serde(deserialize_with = "count")]
    pub params: Option<u64>,
    /// Multiply-accumulates of one image.
    #[serde(deserialize_with = "count")]
    pub macs: Option<u64>,
    /// Side in pixels of the image that `macs` is for; else of those that are trained on.
    pub at: Option<usize>,
    /// Bytes that a training step keeps for its backward pass, for each image that is trained on, as
    /// [`Spec::train_activation_bytes`] estimates them.
    #[serde(deserialize_with = "count")]
    pub activation_bytes: Option<u64>,
    /// Milliseconds of a training step. Only a clock can say whether a network keeps it.
    pub step_ms: Option<f64>,
    /// Milliseconds of an inference. Only a clock can say whether a network keeps it.
    pub infer_ms: Option<f64>,
}

/// Why a network is not trained.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{} {}, over the space's limit of {}", limit.subject(), limit.written(*value), limit.written(*most))]
pub struct Refusal {
    /// The limit that it exceeds.
    pub limit: Limit,
    /// What it has.
    pub value: f64,
    /// What it may have.
    pub most: f64,
}

impl Limit {
    fn subject(self) -> &'static str {
        match self {
            Self::Params => "its parameters are",
            Self::Macs => "its multiply-accumulates are",
            Self::ActivationBytes => "its activations take",
            Self::StepMs => "its training step takes",
            Self::InferMs => "its inference takes",
        }
    }

    fn written(self, value: f64) -> String {
        match self {
            Self::Params | Self::Macs => thousands(value as u64),
            Self::ActivationBytes => format!("{} bytes", thousands(value as u64)),
            Self::StepMs | Self::InferMs => format!("{value:.1} ms"),
        }
    }

    /// Checks a value that was counted or measured.
    ///
    /// # Errors
    /// When it is over `most`.
    pub fn check(self, value: f64, most: Option<f64>) -> Result<(), Refusal> {
        match most {
            Some(most) if value > most => Err(Refusal { limit: self, value, most }),
            _ => Ok(()),
        }
    }
}

impl Limits {
    /// Checks what can be counted of a network: for data of so many classes, and images of so many pixels a side.
    ///
    /// # Errors
    /// When the network exceeds a limit; the first one in the order of [`Limit::ALL`].
    pub fn check(&self, spec: &Spec, classes: usize, size: usize) -> Result<(), Refusal> {
        let at = Size::square(self.at.unwrap_or(size));
        let cost = spec.cost(at, classes);
        let check =
            |limit: Limit, value: u64, most: Option<u64>| limit.check(value as f64, most.map(|most| most as f64));
        check(Limit::Params, cost.params, self.params)?;
        check(Limit::Macs, cost.macs, self.macs)?;
        if self.activation_bytes.is_none() {
            return Ok(());
        }
        let bytes = spec.train_activation_bytes(Size::square(size), classes);
        check(Limit::ActivationBytes, bytes, self.activation_bytes)
    }

    /// What is wrong with the limits themselves: the name of the one that nothing keeps.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        let nothing = |milliseconds: Option<f64>| milliseconds.is_some_and(|most| most.is_nan() || most <= 0.0);
        [("at", self.at == Some(0)), ("step_ms", nothing(self.step_ms)), ("infer_ms", nothing(self.infer_ms))]
            .into_iter()
            .find_map(|(name, wrong)| wrong.then_some(name))
    }
}

/// A count as a table's budget has it: a number, or a text such as "24M".
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(Count).map(Some)
}

struct Count;

impl Visitor<'_> for Count {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a whole number above 0, or a text such as \"7.2M\" with k, M or G for thousands, millions or billions",
        )
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        let count = u64::try_from(value).ok().filter(|count| *count > 0);
        count.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        whole(value).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        let units = [("k", 1e3), ("M", 1e6), ("G", 1e9)];
        let found = units.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)));
        let (number, unit) = found.unwrap_or((text, 1.0));
        let count = number.trim().replace('_', "").parse::<f64>().ok().and_then(|number| whole(number * unit));
        count.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// A number of things. The product of a decimal fraction and its unit is a little off a whole number.
fn whole(value: f64) -> Option<u64> {
    let round = value.round();
    let is_count = (1.0..9e15).contains(&round) && (value - round).abs() < 1e-6;
    is_count.then_some(round as u64)
}
