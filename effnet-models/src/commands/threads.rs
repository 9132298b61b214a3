//! `--threads`, which several commands share.

use clap::Args;
use effnet_runtime::threads::{self, MOST_THREADS};

/// The number of threads to compute on.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Threads {
    /// Compute threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS as i64))]
    threads: Option<u16>,
}

impl Threads {
    /// Sets the process's number of threads, and returns it.
    pub(super) fn apply(self) -> usize {
        if let Some(threads) = self.threads {
            threads::set_global(usize::from(threads));
        }
        threads::current().threads()
    }
}
