//! A repository's name.

use std::fmt;
use std::str::FromStr;

use crate::weights::error::{Error, Result};

/// A repository of models, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) revision: Option<String>,
}

/// The revision where none is said.
const DEFAULT_REVISION: &str = "main";

/// Whether a text is a member of a path that leads nowhere else, in a URL too.
fn is_plain(text: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    !text.is_empty() && !text.starts_with('.') && text.chars().all(is_plain)
}

impl FromStr for Repository {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (repository, revision) = match text.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (text, None),
        };
        match repository.split_once('/') {
            Some((owner, name))
                if is_plain(owner) && is_plain(name) && revision.is_none_or(|text| text.split('/').all(is_plain)) =>
            {
                Ok(Self { owner: owner.into(), name: name.into(), revision: revision.map(str::to_owned) })
            }
            _ => Err(Error::Source {
                said: format!("hf:{text}"),
                reason: "a repository is `hf:owner/name` or `hf:owner/name@revision`".into(),
            }),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, name, revision } = self;
        write!(f, "{owner}/{name}{}", revision.as_ref().map_or_else(String::new, |revision| format!("@{revision}")))
    }
}

impl Repository {
    /// The branch, tag or commit.
    pub(super) fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }
}
