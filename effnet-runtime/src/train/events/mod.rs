//! TensorBoard's event files.
//!
//! A file is a sequence of records ([`record`]), each an event as protocol buffer ([`message`]). Every session of a run
//! writes its own file, which opens with the session's first step: a reader then drops that step and later ones from
//! earlier sessions, because a killed run takes them again. A crash may truncate a file's last record; readers ignore
//! it.
//!
//! Source of the format: TensorFlow's `core/util/event.proto`, `core/framework/summary.proto` and
//! `core/lib/io/record_writer.h`.

mod message;
mod record;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use message::{Event, START, SessionLog, Summary, Value};

/// Prefix of every event file's name; the creation time in seconds and the writer follow.
const PREFIX: &str = "events.out.tfevents.";

/// Version of the format: readers drop repeated steps from version 2 on.
const VERSION: &str = "brain.Event:2";

/// An open event file.
#[derive(Debug)]
pub(super) struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Creates a file in `folder` for the steps from `first_step` on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn create(folder: &Path, first_step: u64) -> io::Result<Self> {
        // Readers sort files by name, so the new name must follow the existing ones, whatever the clock says.
        let mut time = latest(folder)?.map_or(0, |latest| latest + 1).max(now().as_secs());
        let mut file = loop {
            let path = folder.join(format!("{PREFIX}{time:010}.effnet"));
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => break Self { file, path },
                Err(error) if error.kind() == ErrorKind::AlreadyExists => time += 1,
                Err(error) => return Err(error),
            }
        };
        file.write(0, Event { file_version: Some(VERSION.to_owned()), ..Event::default() })?;
        file.write(first_step, Event { session_log: Some(SessionLog { status: START }), ..Event::default() })?;
        Ok(file)
    }

    /// Appends a step's scalars, each under its group and name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn scalars(&mut self, step: u64, group: &str, scalars: &[(&str, f64)]) -> io::Result<()> {
        let value =
            |(name, number): &(&str, f64)| Value { tag: format!("{group}/{name}"), simple_value: Some(*number as f32) };
        let summary = Some(Summary { values: scalars.iter().map(value).collect() });
        self.write(step, Event { summary, ..Event::default() })
    }

    /// Path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Write an event at once: a killed process truncates only the last.
    fn write(&mut self, step: u64, event: Event) -> io::Result<()> {
        let event = Event { wall_time: now().as_secs_f64(), step: step as i64, ..event };
        self.file.write_all(&record::framed(&prost::Message::encode_to_vec(&event)))
    }
}

fn now() -> std::time::Duration {
    // A clock before 1970 is no error.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Time in the name of the latest event file in `folder`.
fn latest(folder: &Path) -> io::Result<Option<u64>> {
    let times = std::fs::read_dir(folder)?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
    });
    Ok(times.max())
}
