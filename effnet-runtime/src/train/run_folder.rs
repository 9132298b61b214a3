//! Layout of a run's folder.
//!
//! ```text
//! config.toml                          the settings, resolved: a file for --config
//! metrics.csv                          one row per epoch
//! checkpoints/epoch-0003.safetensors   the last ones
//! checkpoints/best.safetensors         of the highest validation top-1
//! checkpoints/last.safetensors         what --resume goes on from
//! samples/                             images to try `predict` on
//! run.lock                             locked by the process that trains here
//! report.html                          the run on one page, up to its last whole epoch
//! best.json                            the evaluation of the highest validation top-1
//! events.out.tfevents.*                TensorBoard's events, one file per session
//! ```

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::config::{Config, Layer, merge};
use super::error::{Error, Result};
use crate::weights::{TEMPORARY_PREFIX, rename, write_atomically};

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Checks that a new run can begin in `output`: it does not exist, or is an empty folder.
    ///
    /// # Errors
    /// When it exists and is not empty.
    pub fn check_free(output: &Path) -> Result<()> {
        let occupied = fs::read_dir(output).map_or_else(|_| output.exists(), |mut entries| entries.next().is_some());
        if occupied { Err(Error::Exists(output.to_path_buf())) } else { Ok(()) }
    }

    /// Creates the folder of a new run: `output`, or the first `runs/<model>-<n>` that does not exist.
    ///
    /// # Errors
    /// When `output` exists already and is not empty, or the folder cannot be made.
    pub fn create(output: Option<&Path>, model: &str) -> Result<Self> {
        let folder = Self { path: Self::make(output, model)? };
        for below in [folder.checkpoints(), folder.samples()] {
            fs::create_dir_all(&below).map_err(Error::folder("create", below))?;
        }
        Ok(folder)
    }

    /// The folder that rank 0 of a group has created, for another rank, which neither reads nor writes it.
    pub(crate) fn of_rank_0(output: Option<&Path>) -> Self {
        Self { path: output.unwrap_or(Self::parent()).to_path_buf() }
    }

    /// Creates an empty folder: `output`, or the first `runs/<name>-<n>` that does not exist.
    pub(crate) fn make(output: Option<&Path>, name: &str) -> Result<PathBuf> {
        let Some(path) = output else { return Self::numbered(Self::parent(), name) };
        Self::check_free(path)?;
        fs::create_dir_all(path).map_err(Error::folder("create", path))?;
        Ok(path.to_path_buf())
    }

    /// Parent of folders without `--output`.
    pub(crate) fn parent() -> &'static Path {
        Path::new("runs")
    }

    /// Creates `<runs>/<model>-<n>` with the first free `n`; two runs that start at once get two folders.
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

    /// Opens the folder of an existing run.
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
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// `best.json`: the evaluation of the highest validation top-1.
    pub fn best_evaluation(&self) -> PathBuf {
        self.path.join("best.json")
    }

    /// Reads the run's settings.
    ///
    /// # Errors
    /// When the file cannot be read or its settings do not fit.
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

    /// Locks the folder for as long as the file is open. The system releases the lock when the process ends, however it
    /// ends.
    ///
    /// # Errors
    /// When another process, or another run in this one, holds the lock.
    pub(super) fn lock(&self) -> Result<File> {
        let path = self.path.join("run.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::folder("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(self.path.clone())),
            Err(TryLockError::Error(reason)) => Err(Error::folder("lock", path)(reason)),
        }
    }

    /// Makes `name` another name of the file `checkpoint`: a hard link, or a copy where the file system has none.
    pub(super) fn link(&self, checkpoint: &Path, name: &Path) -> Result<()> {
        let link = || {
            let second = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).make_in(self.checkpoints(), |second| {
                fs::hard_link(checkpoint, second).or_else(|_| {
                    fs::copy(checkpoint, second)?;
                    File::options().write(true).open(second)?.sync_all()
                })
            })?;
            // Where `name` is that file already, the rename leaves the temporary name, which is then dropped.
            rename(&second.into_temp_path(), name)
        };
        link().map_err(Error::folder("write", name))
    }

    /// Removes temporary files of a process that was killed while writing. Call it only with the folder's lock held.
    pub(super) fn remove_leftovers(&self) -> Result<()> {
        for folder in [self.path.clone(), self.checkpoints()] {
            let entries = fs::read_dir(&folder).map_err(Error::folder("read", &folder))?;
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                if path.file_name().unwrap_or_default().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                    fs::remove_file(&path).map_err(Error::folder("remove", path))?;
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
        epochs.truncate(epochs.len().saturating_sub(keep));
        epochs.into_iter().try_for_each(|(_, path)| fs::remove_file(&path).map_err(Error::folder("remove", path)))
    }
}
