//! A lock that keeps a run's folder to one process.

use std::fs::{File, TryLockError};

use super::error::{Error, Result};
use super::run_folder::RunFolder;

/// The right to write to a run's folder. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    /// Open for as long as the lock is held.
    _file: File,
}

impl Lock {
    /// Locks a folder.
    ///
    /// # Errors
    /// When another process, or another run in this one, holds the lock.
    pub(super) fn take(folder: &RunFolder) -> Result<Self> {
        let path = folder.lock_file();
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::folder("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(folder.path().to_path_buf())),
            Err(TryLockError::Error(reason)) => Err(Error::folder("lock", path)(reason)),
        }
    }
}
