//! `effnet search` itself: a worker, or several.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use effnet_runtime::cli::{self, Signals, TrainArgs};
use effnet_runtime::collective::{Collective, Single, together};
use effnet_runtime::data::{Split, hold_out};
use effnet_runtime::environment;
use effnet_runtime::search::{
    Clock, Ended, Ledger, Measure, Recorded, Search, SearchFolder, Settings, Space, Stopwatch, Training, Turnstile,
};
use effnet_runtime::spec::Spec;
use effnet_runtime::train::open_data;

use super::flags::{SearchFlags, reference};
use super::progress::{Progress, Trials};
use super::workers;

/// A new search, or one that goes on.
#[derive(Args, Debug)]
pub(super) struct Run {
    #[command(flatten)]
    search: SearchFlags,
    /// Processes that train side by side, with the machine's cores shared among them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Search")]
    workers: u16,
    /// Work until standard input ends, for the process that started this one
    #[arg(long, hide = true)]
    worker: bool,
    #[command(flatten)]
    args: TrainArgs,
}

impl Run {
    pub(super) fn run(self) -> Result<ExitCode> {
        environment::check()?;
        let ranks = if self.worker {
            cli::init_logging(self.args.verbosity());
            Arc::new(Single)
        } else {
            cli::join(self.args.verbosity())?
        };
        let begun = Instant::now();
        let Opened { folder, space, settings, split } = self.open_together(ranks.as_ref())?;
        let signals = Signals::take_over()?;
        let mut progress = Progress::new(self.args.style(), &folder, &space, &settings)?;
        let leads = !self.worker && ranks.rank() == 0;
        if leads {
            progress.introduce(&settings)?;
        }
        let ended = if self.workers > 1 {
            drop(split);
            workers::run(self.workers, &folder, &self.args, &settings.run.compute, &|| signals.stop())?
        } else {
            let never = AtomicBool::new(false);
            let orphaned = if self.worker { workers::orphaned() } else { &never };
            let stop = || signals.stop() || orphaned.load(Ordering::Relaxed);
            work(&folder, &space, &settings, split, &mut progress, &stop)?
        };
        progress.end();
        // The search is whole when nobody has a trial under way. A rank that is gone has left its own to the others.
        let _ = ranks.barrier();
        match ended {
            Ended::Finished if !leads => Ok(ExitCode::SUCCESS),
            Ended::Finished => {
                progress.result(begun.elapsed())?;
                Ok(ExitCode::SUCCESS)
            }
            Ended::Stopped => {
                if leads {
                    progress.stopped();
                }
                Ok(signals.exit_code())
            }
        }
    }

    /// Opens the search on every rank: rank 0's, whose folder the others must see.
    fn open_together(&self, ranks: &dyn Collective) -> Result<Opened> {
        if ranks.rank() == 0 {
            let opened = together(ranks, self.open())?;
            let path = std::path::absolute(opened.folder.path())?;
            ranks.broadcast(path.into_os_string().into_encoded_bytes())?;
            return together(ranks, Ok(opened));
        }
        together(ranks, Ok::<_, anyhow::Error>(()))?;
        let path =
            String::from_utf8(ranks.broadcast(Vec::new())?).context("the search's folder has no name in UTF-8")?;
        together(ranks, SearchFolder::open(Path::new(&path)).map_err(Into::into).and_then(|folder| self.reopen(folder)))
    }

    /// Opens everything that may be wrong before anything is written.
    fn open(&self) -> Result<Opened> {
        if !self.args.resumes() {
            let (space, settings) = self.search.settings(&self.args)?;
            let split = images(&settings)?;
            let folder = SearchFolder::create(self.args.output(), &settings, &space)?;
            return Ok(Opened { folder, space, settings, split });
        }
        self.reopen(match self.args.output() {
            Some(path) => SearchFolder::open(path)?,
            None => SearchFolder::latest()?,
        })
    }

    fn reopen(&self, folder: SearchFolder) -> Result<Opened> {
        let (space, settings) = (folder.space()?, folder.settings()?);
        self.search.check_same(&settings, &space, folder.path())?;
        let run = self.args.resumed_run(&settings.run, folder.path())?;
        let settings = Settings { run, ..settings };
        let split = images(&settings)?;
        Ok(Opened { folder, space, settings, split })
    }
}

/// A search that is ready to start or to go on.
struct Opened {
    folder: SearchFolder,
    space: Space,
    settings: Settings,
    /// The images to train on, and those that are held out.
    split: Split,
}

/// Readies the machine, and opens the images of all trials.
fn images(settings: &Settings) -> Result<Split> {
    let run = &settings.run;
    cli::ready(run)?;
    Ok(hold_out(&open_data(run)?, settings.hold_out, run.seed)?)
}

/// Evaluates trials, as the only worker or one of several.
fn work(
    folder: &SearchFolder,
    space: &Space,
    settings: &Settings,
    split: Split,
    progress: &mut Progress,
    stop: &dyn Fn() -> bool,
) -> Result<Ended> {
    let run = &settings.run;
    let classes = split.train.classes().len();
    let clock: Box<dyn Clock> = match (&settings.times, settings.measure) {
        (Some(times), _) => Box::new(Recorded::new(Ledger::new(times).times()?)),
        (None, Measure::Step) => Box::new(Stopwatch::training(reference(space)?, run, classes)?),
        (None, Measure::Inference) => Box::new(Stopwatch::inference(reference(space)?, run, classes)?),
    };
    let limits = *space.limits();
    let allowed = |spec: &Spec| limits.check(spec, classes, run.size);
    let sampler = settings.sampler();
    let mut evaluator = Training {
        config: run.clone(),
        split,
        clock,
        measure: settings.measure,
        limits,
        turnstile: Turnstile::of_machine()?,
        keep: settings.keep,
        watcher: Box::new(progress.steps()),
    };
    let mut search = Search {
        ledger: folder.ledger(),
        space,
        sampler: sampler.as_ref(),
        allowed: &allowed,
        reward: &settings.reward,
        evaluator: &mut evaluator,
    };
    Ok(search.run(&mut Trials(progress), stop)?)
}
