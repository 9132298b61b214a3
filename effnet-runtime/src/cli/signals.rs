//! SIGINT, SIGTERM and SIGUSR1, which ask a run to stop; SIGXFSZ, which must not.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;

/// Remembers the signal that asks the run to stop. A second one ends the process at once.
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// Takes over these signals.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn take_over() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGUSR1] {
            // In this order: the first signal finds the switch off, and turns it on for the second.
            flag::register_conditional_shutdown(signal, code(signal as usize).into(), again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, received.clone(), signal as usize)?;
        }
        // A file that grows beyond the limit on its size: the write then fails, with a reason, instead of the process.
        flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(Self { received })
    }

    /// Whether a signal has come.
    pub(super) fn stop(&self) -> bool {
        self.received.load(Ordering::Relaxed) != 0
    }

    /// The exit code of a run that the signal stopped: 130, 143 or 138.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(code(self.received.load(Ordering::Relaxed)))
    }
}

/// 128 and the signal's number, as shells have it.
fn code(signal: usize) -> u8 {
    128 + signal as u8
}
