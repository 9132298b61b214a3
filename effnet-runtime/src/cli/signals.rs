//! Signals: SIGINT, SIGTERM, SIGUSR1 and SIGHUP ask a run to stop; SIGXFSZ must not end it.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
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
        let hangup = Some(SIGHUP).filter(|signal| !is_ignored(*signal));
        for signal in [SIGINT, SIGTERM, SIGUSR1].into_iter().chain(hangup) {
            // The order matters: the first signal finds the switch off and turns it on for the second.
            flag::register_conditional_shutdown(signal, code(signal as usize).into(), again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, received.clone(), signal as usize)?;
        }
        // A write beyond the file size limit then fails with a reason instead of killing the process.
        flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(Self { received })
    }

    /// Whether a signal has come.
    pub fn stop(&self) -> bool {
        self.received.load(Ordering::Relaxed) != 0
    }

    /// Exit code of a run that a signal stopped: 130, 143, 138 or 129; 143 where it came to another rank.
    pub fn exit_code(&self) -> ExitCode {
        match self.received.load(Ordering::Relaxed) {
            0 => ExitCode::from(code(SIGTERM as usize)),
            received => ExitCode::from(code(received)),
        }
    }
}

/// Whether the process ignores a signal.
fn is_ignored(signal: c_int) -> bool {
    let mut found = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without an action to set, the call writes the present one to `found` and changes nothing.
    let done = unsafe { libc::sigaction(signal, ptr::null(), found.as_mut_ptr()) } == 0;
    // SAFETY: the call has succeeded, and so written to it.
    done && unsafe { found.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// 128 plus the signal's number, as in shells.
fn code(signal: usize) -> u8 {
    128 + signal as u8
}
