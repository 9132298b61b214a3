//! Where weights are: a file, a folder, or a repository of Hugging Face's hub.

mod cache;
mod choice;
#[cfg(feature = "hub")]
mod fetch;
mod hub;
mod repository;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use hub::Hub;
use repository::Repository;

/// Where weights are, as a command line says it: a file; a folder, which has one weights file or one by a usual name
/// (`model.safetensors`); or `hf:owner/name`, with `@revision` or not, a repository of Hugging Face's hub.
///
/// A repository is looked for in the cache that Python's `huggingface_hub` keeps, where `HF_HUB_CACHE`, `HF_HOME` or
/// `XDG_CACHE_HOME` say, or `~/.cache/huggingface/hub`. What is not there is fetched into it with the feature `hub`, from
/// `HF_ENDPOINT` and with the token `HF_TOKEN`, unless `HF_HUB_OFFLINE` is set. What is there is used as it is: no newer
/// revision is asked for.
///
/// ```
/// use effnet_runtime::weights::Source;
///
/// let source: Source = "hf:timm/tf_efficientnetv2_b0.in1k@main".parse()?;
/// assert_eq!(source.to_string(), "hf:timm/tf_efficientnetv2_b0.in1k@main");
/// assert!("hf:one/two/three".parse::<Source>().is_err());
/// # Ok::<_, effnet_runtime::weights::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
pub struct Source(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Path(PathBuf),
    Hub(Repository),
}

/// Begins a repository of the hub. A file of such a name is `./hf:…`.
const HUB: &str = "hf:";

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix(HUB) {
            Some(repository) => repository.parse().map(|repository| Self(Kind::Hub(repository))),
            None => Ok(Self::path(text)),
        }
    }
}

/// As [`Source::from_str`], for a path that is not text too.
impl TryFrom<PathBuf> for Source {
    type Error = Error;

    fn try_from(path: PathBuf) -> Result<Self> {
        path.to_str().map_or_else(|| Ok(Self::path(&path)), str::parse)
    }
}

impl From<Source> for PathBuf {
    fn from(source: Source) -> Self {
        match source.0 {
            Kind::Path(path) => path,
            Kind::Hub(repository) => format!("{HUB}{repository}").into(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Path(path) => path.display().fmt(f),
            Kind::Hub(repository) => write!(f, "{HUB}{repository}"),
        }
    }
}

impl Source {
    /// A file or a folder, whatever its name.
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self(Kind::Path(path.as_ref().to_path_buf()))
    }

    /// The file or folder; none for a repository.
    pub fn as_path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Path(path) => Some(path),
            Kind::Hub(_) => None,
        }
    }

    /// The weights file. Beside it lies the `config.json` of its folder or repository. A file need not exist: opening it
    /// says so.
    ///
    /// # Errors
    /// When a folder has no weights, or several and none by a usual name; when a repository is not in the cache, and
    /// cannot be fetched.
    pub fn find(&self) -> Result<PathBuf> {
        self.find_with(&|name| std::env::var_os(name))
    }

    fn find_with(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
        match &self.0 {
            Kind::Path(path) if path.is_dir() => choice::in_folder(path)
                .map_err(|reason| self.refuse(reason))?
                .ok_or_else(|| self.refuse(format!("the folder has no weights file: {}", choice::LOOKED_FOR))),
            Kind::Path(path) => Ok(path.clone()),
            Kind::Hub(repository) => {
                let hub = Hub::of(variable).map_err(|reason| self.refuse(reason))?;
                hub.find(repository).map_err(|reason| self.refuse(reason))
            }
        }
    }

    fn refuse(&self, reason: String) -> Error {
        Error::Source { said: self.to_string(), reason }
    }
}
