//! The cache of Python's `huggingface_hub`: `models--owner--name/refs/<revision>` has the commit's number, and
//! `snapshots/<commit>` its files, as links into `blobs`.

use std::ffi::OsString;
use std::path::PathBuf;

use super::choice;
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

    /// The weights file of a repository: cached, or fetched.
    ///
    /// # Errors
    /// When it is neither; the reason says what was looked for where.
    pub(super) fn find(&self, repository: &Repository) -> Result<PathBuf, String> {
        match self.cached(repository)? {
            Ok(path) => Ok(path),
            Err(missing) => self.fetched(repository, &missing),
        }
    }

    /// The cached weights file, or what is missing.
    fn cached(&self, repository: &Repository) -> Result<Result<PathBuf, String>, String> {
        let (folder, revision) = (self.folder_of(repository), repository.revision());
        if !folder.is_dir() {
            return Ok(Err(format!("it is not in the cache: there is no folder `{}`", folder.display())));
        }
        let reference = folder.join("refs").join(revision);
        // A revision without a reference is a commit's number.
        let commit = std::fs::read_to_string(&reference).unwrap_or_else(|_| revision.to_owned());
        let snapshot = folder.join("snapshots").join(commit.trim());
        if !snapshot.is_dir() {
            return Ok(Err(format!(
                "its revision `{revision}` is not in the cache: there is no folder `{}`",
                snapshot.display()
            )));
        }
        let missing =
            || format!("its weights are not in the cache: in `{}`, {}", snapshot.display(), choice::LOOKED_FOR);
        Ok(choice::in_folder(&snapshot)?.ok_or_else(missing))
    }

    #[cfg(feature = "hub")]
    fn fetched(&self, repository: &Repository, missing: &str) -> Result<PathBuf, String> {
        if self.is_offline {
            return Err(format!("{missing}, and HF_HUB_OFFLINE forbids to fetch it"));
        }
        super::fetch::fetch(self, repository).map_err(|reason| format!("{missing}; {reason}"))
    }

    #[cfg(not(feature = "hub"))]
    fn fetched(&self, repository: &Repository, missing: &str) -> Result<PathBuf, String> {
        let Repository { owner, name, .. } = repository;
        let fetch = format!("fetch it with `hf download {owner}/{name} --revision {}`", repository.revision());
        Err(match self.is_offline {
            true => format!("{missing}, and HF_HUB_OFFLINE is set"),
            false => format!("{missing}; {fetch}, or use a build of effnet with the feature `hub`"),
        })
    }
}
