//! Layout of a search's folder.
//!
//! ```text
//! search.toml                       the settings, resolved
//! space.toml                        the space, as it was given
//! trials.jsonl                      the ledger
//! trials/0007/time.json             a trial's time
//! trials/0007/run/                  its run: settings, metrics, report
//! trials/0007/weights.safetensors   its weights, if it is one of the best
//! search.html                       the search on one page
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::ledger::Ledger;
use super::settings::Settings;
use super::space::Space;
use crate::train::RunFolder;
use crate::weights::write_atomically;

/// A search's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchFolder {
    path: PathBuf,
}

/// What folders of searches without a name of their own are called: `runs/search-<n>`.
const NAME: &str = "search";

impl SearchFolder {
    /// Makes the folder of a new search: `output`, or the first `runs/search-<n>` that does not exist.
    ///
    /// # Errors
    /// When `output` exists and is not empty, or the folder cannot be made or written to.
    pub fn create(output: Option<&Path>, settings: &Settings, space: &Space) -> Result<Self> {
        let path = RunFolder::make(output, NAME)?;
        let folder = Self { path };
        let text = settings.to_toml()?;
        for (path, text) in [(folder.space_file(), space.text()), (folder.settings_file(), text.as_str())] {
            let write = |file: &mut fs::File| file.write_all(text.as_bytes());
            write_atomically(&path, write).map_err(Error::folder("write", &path))?;
        }
        Ok(folder)
    }

    /// Opens the folder of a search.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_path_buf() };
        // It is written last.
        if folder.settings_file().is_file() { Ok(folder) } else { Err(Error::NoSearch(path.to_path_buf())) }
    }

    /// Opens the latest of the folders `runs/search-<n>`.
    ///
    /// # Errors
    /// When there is none.
    pub fn latest() -> Result<Self> {
        let runs = RunFolder::parent();
        let entries = fs::read_dir(runs).into_iter().flatten().flatten();
        let numbers = entries
            .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(NAME)?.strip_prefix('-')?.parse::<u64>().ok());
        match numbers.max() {
            Some(number) => Self::open(&runs.join(format!("{NAME}-{number}"))),
            None => Err(Error::NoSearch(runs.join(format!("{NAME}-1")))),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The ledger.
    pub fn ledger(&self) -> Ledger {
        Ledger::new(&self.path)
    }

    /// `search.html`.
    pub fn report(&self) -> PathBuf {
        self.path.join("search.html")
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold the settings of a search.
    pub fn settings(&self) -> Result<Settings> {
        let path = self.settings_file();
        let text = fs::read_to_string(&path).map_err(Error::folder("read", &path))?;
        Settings::parse(&path, &text)
    }

    /// Reads the space.
    ///
    /// # Errors
    /// When the file cannot be read, or says no space.
    pub fn space(&self) -> Result<Space> {
        let path = self.space_file();
        let text = fs::read_to_string(&path).map_err(Error::folder("read", &path))?;
        Space::parse(&self.settings()?.space, &text)
    }

    fn settings_file(&self) -> PathBuf {
        self.path.join("search.toml")
    }

    fn space_file(&self) -> PathBuf {
        self.path.join("space.toml")
    }
}
