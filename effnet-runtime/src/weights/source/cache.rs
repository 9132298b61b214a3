//! The cache of Python's `huggingface_hub`: `models--owner--name/refs/<revision>` has the commit's number, and
//! `snapshots/<commit>` its files, as links into `blobs`.

use std::path::PathBuf;

use super::choice;
use super::hub::Hub;
use super::repository::Repository;

impl Hub {
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
