//! Several processes at one search.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use effnet_runtime::cli::{Style, TrainArgs, warn};
use effnet_runtime::search::{Ended, SearchFolder};
use effnet_runtime::train::config::ComputeConfig;

/// Pause between two looks at the workers.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts workers, which share the threads of one process, and waits for them. One that dies leaves its trial to the others.
pub(super) fn run(
    count: u16,
    folder: &SearchFolder,
    args: &TrainArgs,
    compute: &ComputeConfig,
    stop: &dyn Fn() -> bool,
) -> Result<Ended> {
    let mut workers = (0..count).map(|_| start(count, folder, args, compute)).collect::<Result<Vec<_>>>()?;
    let mut failed = Vec::new();
    let mut stopped = false;
    while !workers.is_empty() {
        if stop() && !stopped {
            stopped = true;
            // Workers stop when their standard input ends.
            workers.iter_mut().for_each(|worker| drop(worker.stdin.take()));
        }
        let mut left = Vec::new();
        for mut worker in workers {
            match worker.try_wait().context("cannot wait for a worker")? {
                None => left.push(worker),
                Some(status) if status.success() || stopped => {}
                Some(status) => {
                    warn(format_args!("a worker ended with {status}: the others take up its trial"));
                    failed.push(status);
                }
            }
        }
        workers = left;
        thread::sleep(PAUSE);
    }
    if stopped {
        return Ok(Ended::Stopped);
    }
    if let Some(status) = failed.first().filter(|_| failed.len() == usize::from(count)) {
        bail!("all workers have failed, the first with {status}: what they said stands above");
    }
    Ok(Ended::Finished)
}

fn start(count: u16, folder: &SearchFolder, args: &TrainArgs, compute: &ComputeConfig) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find this program's file to start workers")?;
    let mut command = Command::new(program);
    let share = |threads: usize| (threads / usize::from(count)).max(1).to_string();
    let (threads, loader_threads) = (share(compute.threads), share(compute.loader_threads));
    command.args(["search", "--resume", "--worker", "--device", &compute.device]);
    command.args(["--threads", &threads, "--loader-threads", &loader_threads]);
    command.arg("--output").arg(folder.path()).stdin(Stdio::piped());
    match args.style() {
        Style::Human => {}
        Style::Quiet => drop(command.arg("--quiet")),
        Style::Json => drop(command.arg("--json")),
    }
    if args.verbosity() > 0 {
        command.arg(format!("-{}", "v".repeat(args.verbosity().into())));
    }
    command.spawn().context("cannot start a worker")
}

/// A switch that goes on when the process that started this one has ended, or asks to stop.
pub(super) fn orphaned() -> &'static AtomicBool {
    static ORPHANED: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        // Nothing is ever written there.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ORPHANED.store(true, Ordering::Relaxed);
    });
    &ORPHANED
}
