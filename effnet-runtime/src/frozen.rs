//! Weights that training leaves as they are, by patterns of their names.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::pattern::{matches, matches_any, nearest};

/// Patterns of frozen weights, and which of them have matched. Everything that is built from the same [`crate::Params`]
/// shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frozen {
    patterns: Arc<[String]>,
    /// For each pattern, 1 once a parameter has matched it. A builder carries tensors only, and so this is one; all
    /// copies of it share its memory.
    matched: Option<Var>,
}

impl Frozen {
    pub(crate) fn new(patterns: Vec<String>) -> Self {
        // A few bytes on the CPU: candle has no reason to refuse them.
        let matched = Var::zeros(patterns.len(), DType::U8, &Device::Cpu).ok().filter(|_| !patterns.is_empty());
        Self { patterns: patterns.into(), matched }
    }

    /// The patterns that a builder hands over: what [`Frozen::patterns`] and [`Frozen::matched`] gave.
    pub(crate) fn carried(patterns: Vec<String>, matched: Option<&Tensor>) -> Result<Self> {
        Ok(Self { patterns: patterns.into(), matched: matched.map(Var::from_tensor).transpose()? })
    }

    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }

    pub(crate) fn matched(&self) -> Option<Tensor> {
        self.matched.as_ref().map(|matched| matched.as_tensor().clone())
    }

    /// Whether training leaves the weight of this name as it is.
    pub(crate) fn is_frozen(&self, name: &str) -> bool {
        matches_any(&self.patterns, name)
    }

    /// Notes which patterns match the name of a new parameter.
    pub(crate) fn note(&self, name: &str) -> Result<()> {
        let Some(matched) = &self.matched else { return Ok(()) };
        let before: Vec<u8> = matched.to_vec1()?;
        let either = |(&before, pattern): (&u8, &String)| before | u8::from(matches(pattern, name));
        let after: Vec<u8> = before.iter().zip(&*self.patterns).map(either).collect();
        if after != before {
            matched.set(&Tensor::new(after, matched.device())?)?;
        }
        Ok(())
    }

    /// Checks the patterns that point into a network, whose parameters now exist: those that begin with one of its
    /// modules. What any other should match may be built later. `prefix` is the network's, with its dot; `names` are
    /// whole.
    ///
    /// # Errors
    /// When one of them matches no name.
    pub(crate) fn check_network(&self, prefix: &str, names: &[String]) -> Result<()> {
        let is_within = |rest: &str| names.iter().any(|name| rest.starts_with(first_module(&name[prefix.len()..])));
        let points_into = |pattern: &&String| match pattern.split_once('*') {
            Some((start, _)) => start.strip_prefix(prefix).is_some_and(is_within),
            // Without a star, a module's name matches none of its parameters.
            None => {
                let module = format!("{pattern}.");
                prefix.starts_with(&module) || module.strip_prefix(prefix).is_some_and(is_within)
            }
        };
        let unmatched = |pattern: &&String| !names.iter().any(|name| matches(pattern, name));
        refuse(self.patterns.iter().filter(points_into).find(unmatched), names)
    }

    /// Checks all patterns when training begins, and everything has been built. `names` are the whole names of the
    /// network that is trained.
    ///
    /// # Errors
    /// When one has matched no parameter.
    pub(crate) fn check_all(&self, names: impl FnOnce() -> Vec<String>) -> Result<()> {
        let Some(matched) = &self.matched else { return Ok(()) };
        match matched.to_vec1::<u8>()?.iter().position(|matched| *matched == 0) {
            Some(at) => refuse(self.patterns.get(at), &names()),
            None => Ok(()),
        }
    }
}

fn refuse(unmatched: Option<&String>, names: &[String]) -> Result<()> {
    let Some(pattern) = unmatched else { return Ok(()) };
    candle_core::bail!(
        "the frozen pattern `{pattern}` matches no parameter; the nearest are {}",
        nearest(pattern, names)
    )
}

/// The first member of a name, with its dot.
fn first_module(name: &str) -> &str {
    name.split_inclusive('.').next().unwrap_or(name)
}
