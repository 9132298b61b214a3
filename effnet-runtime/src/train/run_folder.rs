//! The folder that a run keeps everything in.
//!
//! ```text
//! config.toml                          the settings, resolved: a file for --config
//! metrics.csv                          a row an epoch
//! checkpoints/epoch-0003.safetensors   the last ones
//! checkpoints/best.safetensors         of the highest validation top-1
//! checkpoints/last.safetensors         what --resume goes on from
//! samples/                             images to try `predict` on
//! run.lock                             locked by the process that trains here
//! report.html                          the run on one page, up to its last whole epoch
//! best.json                            the evaluation of the highest validation top-1
//! events.out.tfevents.*                TensorBoard's events, a file a session
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::config::{Config, Layer, merge};
use super::error::{Error, Result};
use crate::weights::{TEMPORARY_PREFIX, write_atomically};

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// How the names of folders begin in which a second name of a checkpoint is made.
const LINKING_PREFIX: &str = ".linking-";

/// Where runs go that nobody gave a folder.
const RUNS: &str = "runs";

impl RunFolder {
    /// Whether a new run can begin in `output`: nothing is there, or an empty folder.
    ///
    /// # Errors
    /// When something is.
    pub fn check_free(output: &Path) -> Result<()> {
        let occupied = fs::read_dir(output).map_or_else(|_| output.exists(), |mut entries| entries.next().is_some());
        if occupied { Err(Error::Exists(output.to_path_buf())) } else { Ok(()) }
    }

    /// Makes the folder of a new run: `output`, or the first `runs/<model>-<n>` that is not there.
    ///
    /// # Errors
    /// When `output` exists already and is not empty, or the folder cannot be made.
    pub fn create(output: Option<&Path>, model: &str) -> Result<Self> {
        let path = match output {
            Some(path) => {
                Self::check_free(path)?;
                fs::create_dir_all(path).map_err(Error::folder("create", path))?;
                path.to_path_buf()
            }
            None => Self::numbered(Path::new(RUNS), model)?,
        };
        let folder = Self { path };
        for below in [folder.checkpoints(), folder.samples()] {
            fs::create_dir_all(&below).map_err(Error::folder("create", below))?;
        }
        Ok(folder)
    }

    /// `<runs>/<model>-<n>` with the first `n` that nobody has taken; two runs that start at once get two folders.
    fn numbered(runs: &Path, model: &str) -> Result<PathBuf> {
        fs::create_dir_all(runs).map_err(Error::folder("create", runs))?;
        let mut number = 1;
        loop {
            let path = runs.join(format!("{model}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::folder("create", path)(error)),
            }
        }
    }

    /// The folder of a run that was begun.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_path_buf() };
        if folder.config_file().is_file() { Ok(folder) } else { Err(Error::NoRun(path.to_path_buf())) }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`.
    pub fn config_file(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// `metrics.csv`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// The file whose lock says that a process trains here.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.path.join("run.lock")
    }

    /// The folder of checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The checkpoint of an epoch.
    pub fn epoch(&self, epoch: u64) -> PathBuf {
        self.checkpoints().join(format!("epoch-{epoch:04}.safetensors"))
    }

    /// The checkpoint of the highest validation top-1.
    pub fn best(&self) -> PathBuf {
        self.checkpoints().join("best.safetensors")
    }

    /// The latest checkpoint, which a resume goes on from.
    pub fn last(&self) -> PathBuf {
        self.checkpoints().join("last.safetensors")
    }

    /// The folder of images to try `predict` on.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    /// `report.html`.
    #[cfg(feature = "report")]
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// `best.json`: the evaluation of the highest validation top-1.
    #[cfg(feature = "report")]
    pub fn best_evaluation(&self) -> PathBuf {
        self.path.join("best.json")
    }

    /// The run's settings.
    ///
    /// # Errors
    /// When the file cannot be read or is no settings.
    pub fn config(&self) -> Result<Config> {
        let path = self.config_file();
        let text = fs::read_to_string(&path).map_err(Error::folder("read", &path))?;
        merge(&[Layer::parse(path.display().to_string(), &text)?])
    }

    /// Writes the run's settings.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, config: &Config) -> Result<()> {
        let path = self.config_file();
        let text = toml::to_string(config)
            .map_err(|error| Error::Setting(format!("the settings have no TOML form: {error}")))?;
        write_atomically(&path, |file| file.write_all(text.as_bytes())).map_err(Error::folder("write", &path))
    }

    /// Lets `name` be the file `checkpoint` too: a second link to it, or a copy where the file system has no links.
    pub(super) fn link(&self, checkpoint: &Path, name: &Path) -> Result<()> {
        let link = || {
            let temporary = tempfile::Builder::new().prefix(LINKING_PREFIX).tempdir_in(self.checkpoints())?;
            let other = temporary.path().join("checkpoint");
            if fs::hard_link(checkpoint, &other).is_err() {
                fs::copy(checkpoint, &other)?;
                fs::File::open(&other)?.sync_all()?;
            }
            fs::rename(&other, name)?;
            #[cfg(unix)]
            fs::File::open(self.checkpoints())?.sync_all()?;
            Ok(())
        };
        link().map_err(Error::folder("write", name))
    }

    /// Removes what a process left that was killed while it wrote a file: only to be called with the folder's lock.
    pub(super) fn remove_leftovers(&self) -> Result<()> {
        for folder in [self.path.clone(), self.checkpoints()] {
            let entries = fs::read_dir(&folder).map_err(Error::folder("read", &folder))?;
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(TEMPORARY_PREFIX) {
                    fs::remove_file(&path).map_err(Error::folder("remove", path.clone()))?;
                } else if name.starts_with(LINKING_PREFIX) {
                    fs::remove_dir_all(&path).map_err(Error::folder("remove", path.clone()))?;
                }
            }
        }
        Ok(())
    }

    /// Removes the checkpoints of epochs other than the `keep` latest ones.
    pub(super) fn prune(&self, keep: usize) -> Result<()> {
        let checkpoints = self.checkpoints();
        let entries = fs::read_dir(&checkpoints).map_err(Error::folder("read", &checkpoints))?;
        let mut epochs: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let number = path.file_name()?.to_str()?.strip_prefix("epoch-")?.strip_suffix(".safetensors")?.parse();
                Some((number.ok()?, path))
            })
            .collect();
        epochs.sort();
        let superfluous = epochs.len().saturating_sub(keep);
        for (_, path) in &epochs[..superfluous] {
            fs::remove_file(path).map_err(Error::folder("remove", path))?;
        }
        Ok(())
    }
}
