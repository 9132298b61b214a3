//! Signals: SIGINT, SIGTERM, SIGUSR1 and SIGHUP ask a run to stop; SIGXFSZ must not end it. On Windows, Ctrl-C and Ctrl-Break
//! ask it to, which C's library there passes on as SIGINT and SIGBREAK.

use std::ffi::c_int;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(windows)]
use signal_hook::consts::SIGBREAK;
#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGUSR1, SIGXFSZ};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Remembers the signal that asks the run to stop. A second one ends the process at once.
pub struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// Installs the handlers, except for a SIGHUP that the process was started to ignore, as by nohup(1).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take_over() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in stopping() {
            // The order matters: the first signal finds the switch off and turns it on for the second.
            flag::register_conditional_shutdown(signal, code(signal as usize).into(), again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, received.clone(), signal as usize)?;
        }
        // A write beyond the file size limit then fails with a reason instead of killing the process.
        #[cfg(unix)]
        flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(Self { received })
    }

    /// Whether a signal has come.
    pub fn stop(&self) -> bool {
        self.received.load(Ordering::Relaxed) != 0
    }

    /// Exit code of a run that a signal stopped: 130, 143, 138 or 129, on Windows 130 or 149; 143 where it came to another rank.
    pub fn exit_code(&self) -> ExitCode {
        match self.received.load(Ordering::Relaxed) {
            0 => ExitCode::from(code(SIGTERM as usize)),
            received => ExitCode::from(code(received)),
        }
    }
}

/// The signals that ask a run to stop: not a SIGHUP that the process ignores.
#[cfg(unix)]
fn stopping() -> impl Iterator<Item = c_int> {
    let hangup = Some(SIGHUP).filter(|signal| !is_ignored(*signal));
    [SIGINT, SIGTERM, SIGUSR1].into_iter().chain(hangup)
}

/// The signals that ask a run to stop. A program that started it in a process group of its own can send it Ctrl-Break only.
#[cfg(windows)]
fn stopping() -> [c_int; 2] {
    [SIGINT, SIGBREAK]
}

/// Whether the process ignores a signal.
#[cfg(unix)]
fn is_ignored(signal: c_int) -> bool {
    let mut found = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without an action to set, the call writes the present one to `found` and changes nothing.
    let done = unsafe { libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr()) } == 0;
    // SAFETY: the call has succeeded, and so written to it.
    done && unsafe { found.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// 128 plus the signal's number, as in shells.
fn code(signal: usize) -> u8 {
    128 + signal as u8
}
