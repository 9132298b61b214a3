//! The ledger: every trial of a search, in `trials.jsonl`, which several processes share.
//!
//! A line is a fact and is never changed. Whoever writes holds the lock of `ledger.lock` and synchronises the file, and
//! so a line is there whole, or it is the torn last one of a process that was killed, which the next writer cuts off.
//! Whoever works at a trial holds the lock of the trial's folder, which the system takes back when the process ends: an
//! unfinished trial whose folder is not locked is there to be taken up.

mod line;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::clock::Time;
use super::error::{Error, Result};
use super::trial::{End, Proposal, Trial};
use line::Line;

/// A search's ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    folder: PathBuf,
}

/// A trial, and the lock that says that this process works at it, held for as long as it lives.
#[derive(Debug)]
pub(super) struct Claim {
    /// The trial, without an end.
    pub(super) trial: Trial,
    _lock: File,
}

/// What comes next: for a ledger a proposal with its table, for a worker a trial that is its own.
pub(super) enum Next<T> {
    /// Work.
    Work(T),
    /// Nothing before another process ends a trial.
    Wait,
    /// Nothing at all.
    End,
}

impl Ledger {
    /// The ledger of the search in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Its file, `trials.jsonl`.
    pub fn path(&self) -> PathBuf {
        self.folder.join("trials.jsonl")
    }

    /// The folder of a trial's run.
    pub fn trial_folder(&self, trial: u64) -> PathBuf {
        self.folder.join("trials").join(format!("{trial:04}"))
    }

    /// Reads all trials, in the order of their numbers. A torn last line counts for nothing.
    ///
    /// # Errors
    /// When the file cannot be read, or a line in it is none of a ledger's.
    pub fn trials(&self) -> Result<Vec<Trial>> {
        Ok(self.read()?.trials)
    }

    /// Each trial's table, in the order of their numbers.
    ///
    /// # Errors
    /// As [`Self::trials`].
    pub fn tables(&self) -> Result<Vec<String>> {
        Ok(self.read()?.tables)
    }

    /// The time of each network that was measured, by its table's text.
    ///
    /// # Errors
    /// As [`Self::trials`].
    pub fn times(&self) -> Result<BTreeMap<String, Time>> {
        let Contents { trials, tables, .. } = self.read()?;
        let measured = trials.iter().zip(tables).filter_map(|(trial, table)| Some((table, trial.outcome()?)));
        Ok(measured
            .map(|(table, outcome)| (table, Time { ratio: outcome.time, milliseconds: outcome.milliseconds }))
            .collect())
    }

    /// Takes up an unfinished trial that nobody works at. Where there is none, asks `propose` for a proposal and its table,
    /// and begins it; `propose` is shown all trials that have begun.
    ///
    /// # Errors
    /// The errors of `propose`, and when the ledger cannot be read or written. No line is left then.
    pub(super) fn claim(
        &self,
        propose: impl FnOnce(&[Trial]) -> Result<Next<(Proposal, String)>>,
    ) -> Result<Next<Claim>> {
        let _alone = self.lock()?;
        let Contents { trials, length, .. } = self.read()?;
        let number = trials.len() as u64;
        for trial in trials.iter().filter(|trial| trial.end.is_none()) {
            if let Some(lock) = self.lock_trial(trial.number)? {
                return Ok(Next::Work(Claim { trial: trial.clone(), _lock: lock }));
            }
        }
        let (proposal, table) = match propose(&trials)? {
            Next::Work(begin) => begin,
            Next::Wait => return Ok(Next::Wait),
            Next::End if trials.iter().any(|trial| trial.end.is_none()) => return Ok(Next::Wait),
            Next::End => return Ok(Next::End),
        };
        let folder = self.trial_folder(number);
        fs::create_dir_all(&folder).map_err(Error::folder("create", &folder))?;
        // Nobody else has it: its folder is new, and whoever makes one holds the ledger's lock.
        let Some(lock) = self.lock_trial(number)? else { return Ok(Next::Wait) };
        self.append(length, &Line::Begun { trial: number, proposal: proposal.clone(), table })?;
        Ok(Next::Work(Claim { trial: Trial { number, proposal, end: None }, _lock: lock }))
    }

    /// Writes how a claimed trial ended. Returns all trials.
    pub(super) fn end(&self, claim: &Claim, end: End, seconds: f64) -> Result<Vec<Trial>> {
        let _alone = self.lock()?;
        let Contents { mut trials, length, .. } = self.read()?;
        let number = claim.trial.number;
        self.append(length, &Line::Ended { trial: number, end: end.clone(), seconds })?;
        if let Some(trial) = trials.get_mut(number as usize) {
            trial.end = Some(end);
        }
        Ok(trials)
    }

    /// Waits until no other process writes.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join("ledger.lock");
        let file = open_lock(&path)?;
        file.lock().map_err(Error::folder("lock", &path))?;
        Ok(file)
    }

    /// The lock of a trial's folder, unless another process holds it.
    fn lock_trial(&self, number: u64) -> Result<Option<File>> {
        let path = self.trial_folder(number).join("trial.lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(reason)) => Err(Error::folder("lock", &path)(reason)),
        }
    }

    /// Appends a line at `length`, where the last whole one ends.
    fn append(&self, length: u64, line: &Line) -> Result<()> {
        let path = self.path();
        let mut text = serde_json::to_string(line).map_err(|reason| Error::Ledger {
            path: path.clone(),
            line: 0,
            reason: reason.to_string(),
        })?;
        text.push('\n');
        let write = || {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(Error::folder("write", &path))
    }

    fn read(&self) -> Result<Contents> {
        let path = self.path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(reason) if reason.kind() == ErrorKind::NotFound => Vec::new(),
            Err(reason) => return Err(Error::folder("read", &path)(reason)),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut contents = Contents { length: whole as u64, ..Contents::default() };
        for (at, line) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            contents.add(line).map_err(|reason| Error::Ledger { path: path.clone(), line: at + 1, reason })?;
        }
        Ok(contents)
    }
}

fn open_lock(path: &Path) -> Result<File> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(Error::folder("write", path))
}

#[derive(Default)]
struct Contents {
    trials: Vec<Trial>,
    tables: Vec<String>,
    /// Bytes of all whole lines.
    length: u64,
}

impl Contents {
    fn add(&mut self, line: &[u8]) -> std::result::Result<(), String> {
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Line::Begun { trial, proposal, table } if trial == self.trials.len() as u64 => {
                self.trials.push(Trial { number: trial, proposal, end: None });
                self.tables.push(table);
            }
            Line::Begun { trial, .. } => return Err(format!("trial {trial} begins out of turn")),
            Line::Ended { trial, end, .. } => match self.trials.get_mut(trial as usize) {
                Some(Trial { end: empty @ None, .. }) => *empty = Some(end),
                Some(_) => return Err(format!("trial {trial} ends twice")),
                None => return Err(format!("trial {trial} ends without a beginning")),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
