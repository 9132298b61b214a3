//! Who computes at the moment: all that train, side by side, or one that measures, alone.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::train::{Error, Result};

/// The variable that says where temporary files lie.
const FOLDER_VARIABLE: &str = if cfg!(windows) { "TMP" } else { "TMPDIR" };

/// A turnstile that all processes of a user on a machine pass through: those that train hold it together, each for a
/// step at a time, and one that measures time holds it alone.
///
/// It is two locked files in a folder. Whoever comes waits at the gate, passes it, and waits for the room; those that
/// train let each other into both. One that measures keeps the gate shut while it waits for the room to empty, so that
/// steps that follow each other without a gap cannot keep it out. The system releases the locks of a process that ends,
/// however it ends.
#[derive(Clone, Debug)]
pub struct Turnstile {
    gate: PathBuf,
    room: PathBuf,
}

/// Leave to compute, until it is dropped. Who holds one must drop it before asking for the next.
#[derive(Debug)]
pub struct Turn {
    _room: File,
}

impl Turnstile {
    /// The turnstile of this user on this machine, in the folder of temporary files.
    ///
    /// # Errors
    /// When that folder cannot be written to.
    pub fn of_machine() -> Result<Self> {
        let folder = std::env::temp_dir();
        let user = user(&folder).map_err(|reason| {
            Error::Setting(format!(
                "cannot write to `{}`, where searches on this machine take turns: {reason}; name a folder of yours by \
                 the variable {FOLDER_VARIABLE}",
                folder.display()
            ))
        })?;
        Ok(Self::within(&folder, &user))
    }

    /// A turnstile in a folder, for those that know of it.
    pub fn in_folder(folder: &Path) -> Self {
        Self::within(folder, "")
    }

    fn within(folder: &Path, user: &str) -> Self {
        let file = |name| folder.join(format!("effnet-{name}{user}.lock"));
        Self { gate: file("gate"), room: file("room") }
    }

    /// Waits until nobody measures, or waits to measure.
    ///
    /// # Errors
    /// When a file of the turnstile cannot be written or locked.
    pub fn together(&self) -> Result<Turn> {
        self.enter(File::lock_shared)
    }

    /// Waits until nobody computes.
    ///
    /// # Errors
    /// When a file of the turnstile cannot be written or locked.
    pub fn alone(&self) -> Result<Turn> {
        self.enter(File::lock)
    }

    fn enter(&self, lock: fn(&File) -> io::Result<()>) -> Result<Turn> {
        let _gate = locked(&self.gate, lock)?;
        Ok(Turn { _room: locked(&self.room, lock)? })
    }
}

/// A file, locked until it is closed. It is opened anew each time: programs that clean the folder up may have removed it.
fn locked(path: &Path, lock: fn(&File) -> io::Result<()>) -> Result<File> {
    let open = || {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        loop {
            match lock(&file) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done.map(|()| file),
            }
        }
    };
    open().map_err(|reason| {
        Error::Setting(format!(
            "cannot lock `{}`, by which searches on this machine take turns: {reason}; remove the file, or name another \
             folder by the variable {FOLDER_VARIABLE}",
            path.display()
        ))
    })
}

/// What tells this user's files from another's in a folder that they share: the number of the owner of a file that this
/// process makes there.
#[cfg(unix)]
fn user(folder: &Path) -> io::Result<String> {
    use std::os::unix::fs::MetadataExt;
    Ok(format!("-{}", tempfile::tempfile_in(folder)?.metadata()?.uid()))
}

/// Elsewhere each user has a folder of temporary files.
#[cfg(not(unix))]
fn user(_: &Path) -> io::Result<String> {
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread::{scope, sleep};
    use std::time::{Duration, Instant};

    use super::*;

    /// Names the folder of the turnstile in which a process is to hold a turn until it is killed.
    const HOLD: &str = "EFFNET_TEST_HOLD_A_TURN";

    /// Does `work` while two workers step without a gap; `work` reads the number of steps begun and of those ended.
    fn beside_workers(turnstile: &Turnstile, work: impl FnOnce(&dyn Fn() -> (usize, usize))) {
        let (begun, ended, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        let _turn = turnstile.together().unwrap();
                        begun.fetch_add(1, Ordering::SeqCst);
                        sleep(Duration::from_millis(3));
                        ended.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            while ended.load(Ordering::SeqCst) < 10 {
                sleep(Duration::from_millis(1));
            }
            work(&|| (begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)));
            stop.store(true, Ordering::SeqCst);
        });
    }

    #[test]
    fn nobody_steps_while_somebody_measures_who_need_not_wait_long() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::in_folder(folder.path());
        beside_workers(&turnstile, |steps| {
            for _ in 0..20 {
                let asked = Instant::now();
                let turn = turnstile.alone().unwrap();
                let at_turn = steps();
                assert!(asked.elapsed() < Duration::from_secs(5), "the clock waited for {:?}", asked.elapsed());
                assert_eq!(at_turn.0, at_turn.1, "a step is under way");
                sleep(Duration::from_millis(10));
                assert_eq!(steps(), at_turn, "a step began");
                drop(turn);
                while steps() == at_turn {
                    sleep(Duration::from_millis(1));
                }
            }
        });
    }

    #[test]
    fn those_that_measure_do_so_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::in_folder(folder.path());
        let measuring = AtomicUsize::new(0);
        beside_workers(&turnstile, |_| {
            scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            let _turn = turnstile.alone().unwrap();
                            assert_eq!(measuring.fetch_add(1, Ordering::SeqCst), 0);
                            sleep(Duration::from_millis(2));
                            measuring.fetch_sub(1, Ordering::SeqCst);
                        }
                    });
                }
            });
        });
    }

    #[test]
    fn a_process_that_is_killed_lets_others_pass() {
        if let Some(folder) = std::env::var_os(HOLD) {
            let _turn = Turnstile::in_folder(Path::new(&folder)).alone().unwrap();
            std::fs::write(Path::new(&folder).join("held"), "").unwrap();
            sleep(Duration::from_secs(60));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let name = "a_process_that_is_killed_lets_others_pass";
        let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
        let mut holder = Command::new(std::env::current_exe().unwrap());
        holder.args(["--exact", &name]).env(HOLD, folder.path()).stdout(Stdio::null());
        let mut holder = holder.spawn().unwrap();
        while !folder.path().join("held").exists() {
            assert_eq!(holder.try_wait().unwrap(), None);
            sleep(Duration::from_millis(1));
        }
        let passed = AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| {
                let _turn = Turnstile::in_folder(folder.path()).together().unwrap();
                passed.store(true, Ordering::SeqCst);
            });
            sleep(Duration::from_millis(50));
            assert!(!passed.load(Ordering::SeqCst), "it passed while the other process held the turn");
            holder.kill().unwrap();
            holder.wait().unwrap();
        });
        assert!(passed.load(Ordering::SeqCst));
    }

    #[test]
    fn an_error_names_the_file_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::in_folder(&folder.path().join("none"));
        let error = turnstile.together().unwrap_err().to_string();
        assert!(error.contains("effnet-gate.lock") && error.contains(FOLDER_VARIABLE), "{error}");
    }

    #[test]
    fn the_machines_is_this_users() {
        let turnstile = Turnstile::of_machine().unwrap();
        assert_ne!(turnstile.gate, turnstile.room);
        assert_eq!(turnstile.gate, Turnstile::of_machine().unwrap().gate);
        assert!(turnstile.gate.starts_with(std::env::temp_dir()));
    }
}
