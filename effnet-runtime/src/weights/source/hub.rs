//! Hugging Face's hub, and the cache of it, as the environment sets them.

use std::ffi::OsString;
use std::path::PathBuf;

use super::repository::Repository;

/// The hub as the environment sets it.
#[derive(Debug)]
pub(super) struct Hub {
    /// The cache.
    pub(super) folder: PathBuf,
    pub(super) is_offline: bool,
    #[cfg(feature = "hub")]
    pub(super) endpoint: String,
    #[cfg(feature = "hub")]
    pub(super) token: Option<String>,
}

impl Hub {
    /// Reads the variables that `huggingface_hub` knows.
    ///
    /// # Errors
    /// When none says where the cache is, and there is no home.
    pub(super) fn of(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = || set("HOME").or_else(|| set("USERPROFILE")).map(PathBuf::from);
        let path = |name: &str| {
            let path = PathBuf::from(set(name)?);
            match path.strip_prefix("~") {
                Ok(rest) => home().map(|home| home.join(rest)),
                Err(_) => Some(path),
            }
        };
        let in_cache = |cache: PathBuf| cache.join("huggingface").join("hub");
        let folder = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| path("HF_HOME").map(|home| home.join("hub")))
            .or_else(|| path("XDG_CACHE_HOME").map(in_cache))
            .or_else(|| home().map(|home| in_cache(home.join(".cache"))))
            .ok_or("there is no home folder with a cache in it: set HF_HUB_CACHE")?;
        let yes =
            |value: OsString| matches!(value.to_string_lossy().to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        Ok(Self {
            folder,
            is_offline: set("HF_HUB_OFFLINE").is_some_and(yes),
            #[cfg(feature = "hub")]
            endpoint: set("HF_ENDPOINT").map_or_else(
                || "https://huggingface.co".to_owned(),
                |endpoint| endpoint.to_string_lossy().trim_end_matches('/').to_owned(),
            ),
            #[cfg(feature = "hub")]
            token: set("HF_TOKEN").map(|token| token.to_string_lossy().trim().to_owned()),
        })
    }

    /// The folder of a repository.
    pub(super) fn folder_of(&self, repository: &Repository) -> PathBuf {
        self.folder.join(format!("models--{}--{}", repository.owner, repository.name))
    }
}
