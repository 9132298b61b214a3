//! `effnet bench --mode train` over ranks: what their exchange costs of a step.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use effnet_runtime::cli;
use effnet_runtime::collective::{Collective, Exchange, Launch, Rendezvous, Seat, Single, Tcp};
use effnet_runtime::data::Batch;
use effnet_runtime::threads;
use serde::Serialize;

use super::median;
use super::work::Trainer;

/// How long the ranks that this process starts may take to come.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Values of a message of the gradients' sums, as in training.
const BUCKET: usize = 1 << 20;

/// Joins the group that a launcher has started this process in, or starts `count` ranks of its own on this machine.
pub(super) fn join(count: Option<u16>) -> Result<(Arc<dyn Collective>, Started)> {
    let launched = cli::join(0)?;
    match count.map(usize::from) {
        Some(count) if launched.size() > 1 && launched.size() != count => {
            bail!("--ranks {count} and a launcher of {} ranks: leave --ranks out", launched.size())
        }
        Some(count) if launched.size() == 1 && count > 1 => start(count),
        _ => Ok((launched, Started(Vec::new()))),
    }
}

/// The ranks that this process has started.
pub(super) struct Started(Vec<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        for mut rank in self.0.drain(..) {
            // It ends with the group.
            let _ = rank.wait();
        }
    }
}

/// Starts the ranks from 1 on as processes of the same command, and joins them as rank 0.
fn start(size: usize) -> Result<(Arc<dyn Collective>, Started)> {
    let host = "127.0.0.1";
    let port = TcpListener::bind((host, 0)).and_then(|listener| listener.local_addr()).context("no free port")?.port();
    let program = std::env::current_exe().context("cannot find this program's file to start ranks")?;
    let mut ranks = Started(Vec::new());
    for rank in 1..size {
        let mut command = Command::new(&program);
        command.args(std::env::args_os().skip(1)).stdin(Stdio::null()).stdout(Stdio::null());
        command.envs([("MASTER_ADDR", host), ("MASTER_PORT", &port.to_string())]);
        command.envs([("RANK", rank.to_string()), ("WORLD_SIZE", size.to_string())]);
        ranks.0.push(command.spawn().context("cannot start a rank")?);
    }
    let at = Rendezvous { rank: 0, size, host: host.to_owned(), port, patience: PATIENCE };
    let group: Arc<dyn Collective> = Arc::new(Exchange::start(move || Tcp::join(&at))?);
    let Seat { threads, .. } = Launch::from_environment()?.seat(group.as_ref())?;
    threads::share_cores(threads);
    Ok((group, ranks))
}

/// What an exchange costs of a training step.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Exchanged {
    ranks: usize,
    /// Bytes of the gradients that a step sums.
    bytes: usize,
    /// Median of steps with and without the exchange, in turns.
    with_ms: f64,
    without_ms: f64,
    /// The sums by themselves, while nobody computes.
    alone_ms: f64,
}

impl Exchanged {
    /// Measures `runs` steps of each kind, after some that are not timed. All ranks call it. The times of the steps with an
    /// exchange, in milliseconds, and what it costs.
    pub(super) fn measure(
        ranks: &Arc<dyn Collective>,
        trainer: &mut Trainer,
        work: &Batch,
        warm_up: u32,
        runs: u32,
    ) -> Result<(Vec<f64>, Self)> {
        let by_itself: Arc<dyn Collective> = Arc::new(Single);
        let values = trainer.values();
        let mut times: [Vec<f64>; 3] = Default::default();
        for number in 0..u64::from(warm_up) + u64::from(runs) {
            for (kind, times) in times.iter_mut().enumerate() {
                // All begin together, and a step is over when the slowest has taken it.
                ranks.barrier()?;
                let begun = Instant::now();
                match kind {
                    0 => trainer.step_over(ranks, work, number)?,
                    1 => trainer.step_over(&by_itself, work, number)?,
                    _ => sums(ranks.as_ref(), values)?,
                }
                ranks.barrier()?;
                if number >= u64::from(warm_up) {
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let [with_ms, without_ms, alone_ms] = times.each_mut().map(|times| median(times));
        let [with, ..] = times;
        Ok((with, Self { ranks: ranks.size(), bytes: 4 * values, with_ms, without_ms, alone_ms }))
    }

    pub(super) fn to_text(&self) -> String {
        let Self { ranks, bytes, with_ms, without_ms, alone_ms } = self;
        let added = with_ms - without_ms;
        format!(
            "\n{ranks} ranks: {with_ms:.2} ms with their exchange, {without_ms:.2} ms without: {:.3} times as long\n\
             {:.1} MB of gradients take {alone_ms:.2} ms by themselves, of which {:.0} % are hidden",
            with_ms / without_ms,
            *bytes as f64 / 1e6,
            100.0 * (1.0 - added / alone_ms).clamp(0.0, 1.0)
        )
    }
}

/// Sums as many values as a step does, in as many messages.
fn sums(ranks: &dyn Collective, values: usize) -> Result<()> {
    let sizes = (0..values).step_by(BUCKET).map(|first| BUCKET.min(values - first));
    let begun: Vec<_> = sizes.map(|size| ranks.begin_sum(vec![1.0; size])).collect();
    for sum in begun {
        sum.wait()?;
    }
    Ok(())
}
