//! The `train` command.

use std::process::ExitCode;
use std::sync::Arc;

use effnet_kernels::simd;
use effnet_spec::thousands;
use serde_json::json;

use super::args::{Style, TrainArgs};
use super::begin::{begin, join};
use super::model::Model;
use super::output::{line, warn};
use super::progress::Progress;
use super::signals::Signals;
use crate::collective::{self, Collective};
use crate::device::{self, Chosen};
use crate::environment;
use crate::text::{bytes, duration, shell};
use crate::train::config::Config;
use crate::train::memory;
use crate::train::schedule::Schedule;
use crate::train::{Ended, Error, Facts, Result, sample, stage_of, table};

/// Trains as the flags say: begins or resumes a run, reports its progress, and ends with the best top-1 and what to
/// type next. Started by a launcher as one of several ranks, it trains with the others, and rank 0 speaks for all. The exit code is 0, or 130, 143, 138 or 129 if SIGINT, SIGTERM, SIGUSR1 or SIGHUP stopped the run.
///
/// # Errors
/// When the flags or [variables](crate::environment) make no sense, data or weights cannot be read, the run folder
/// cannot be written to, or a loss or validation is not finite.
pub fn train(args: &TrainArgs, model: &Model<'_>) -> Result<ExitCode> {
    environment::check()?;
    let ranks = join(args.verbose)?;
    if ranks.rank() == 0 {
        return lead(args, model, &ranks);
    }
    match follow(args, model, &ranks) {
        // Rank 0 cannot say it.
        Err(error @ Error::Ranks(collective::Error::Dead { rank: 0, .. })) => Err(error),
        Err(_) => Ok(ExitCode::FAILURE),
        done => done,
    }
}

/// Trains as a rank that says nothing.
fn follow(args: &TrainArgs, model: &Model<'_>, ranks: &Arc<dyn Collective>) -> Result<ExitCode> {
    let mut trainer = begin(args, model, ranks)?;
    let signals = Signals::take_over().map_err(|error| Error::Setting(format!("cannot listen to signals: {error}")))?;
    Ok(match trainer.run(&mut (), &|| signals.stop())? {
        Ended::Finished => ExitCode::SUCCESS,
        Ended::Stopped => signals.exit_code(),
    })
}

/// Trains, and says how it goes.
fn lead(args: &TrainArgs, model: &Model<'_>, ranks: &Arc<dyn Collective>) -> Result<ExitCode> {
    let style = args.style();
    let mut trainer = begin(args, model, ranks)?.with_command(model.train);
    if trainer.is_finished() {
        if style == Style::Human {
            let Facts { config, folder, .. } = trainer.facts();
            let (folder, epochs) = (folder.path().display(), config.epochs);
            line(format!("the run in {folder} is finished: all {epochs} epochs are done"));
        }
        result(style, model, trainer.facts())?;
        return Ok(ExitCode::SUCCESS);
    }
    let Facts { config, network, split, .. } = trainer.facts();
    let predicted = memory::predicted(network.spec(), config, network.num_classes());
    introduce(style, model, trainer.facts(), ranks.size(), predicted);
    let signals = Signals::take_over().map_err(|error| Error::Setting(format!("cannot listen to signals: {error}")))?;
    let begun = std::time::Instant::now();
    let mut progress = Progress::new(style, split.val.len() as u64, predicted);
    let ended = trainer.run(&mut progress, &|| signals.stop());
    progress.end();
    match ended? {
        Ended::Finished => {
            if style == Style::Human {
                line(format!("done in {}", duration(begun.elapsed())));
            }
            result(style, model, trainer.facts())?;
            Ok(ExitCode::SUCCESS)
        }
        Ended::Stopped => {
            stopped(style, trainer.facts());
            Ok(signals.exit_code())
        }
    }
}

/// Describes the run before it starts.
fn introduce(style: Style, model: &Model<'_>, facts: &Facts, ranks: usize, predicted: u64) {
    let Facts { config, folder, split, network, stages, schedule, state, .. } = facts;
    let folder = folder.path().display();
    let params = network.params().trainable() as u64;
    let device = device::name(network.params().device());
    let warning = long_warmup(config, schedule);
    match style {
        // Keep standard output for the result.
        Style::Quiet => warning.into_iter().for_each(warn),
        Style::Json => {
            line(json!({
                "event": "start",
                "model": model.name,
                "recipe": config.recipe,
                "folder": folder.to_string(),
                "params": params,
                "classes": split.train.classes().len(),
                "train_images": split.train.len(),
                "val_images": split.val.len(),
                "left_out": split.ignored.kinds,
                "epochs": config.epochs,
                "stages": stages,
                "steps_an_epoch": stages.iter().map(|stage| stage.steps(split.train.len())).collect::<Vec<_>>(),
                "batch": config.batch,
                "size": config.size,
                "seed": config.seed,
                "device": device,
                "ranks": ranks,
                "epoch": state.epoch,
                "step": state.step,
                "predicted_peak_bytes": predicted,
            }));
            warning.into_iter().for_each(|message| line(json!({"event": "warning", "message": message})));
        }
        Style::Human => {
            line(format!(
                "{}: {:.2} M parameters, {} classes; recipe {}; run folder {folder}",
                model.name,
                params as f64 / 1e6,
                thousands(split.train.classes().len() as u64),
                config.recipe
            ));
            let ignored = &split.ignored;
            let ignored = if ignored.files > 0 { format!("; left out: {ignored}") } else { String::new() };
            line(format!(
                "{}: {} training and {} validation images{ignored}",
                config.data.name(),
                thousands(split.train.len() as u64),
                thousands(split.val.len() as u64)
            ));
            let stage = stage_of(stages, state.epoch);
            let ranks = if ranks > 1 { format!("{ranks} ranks, each with ") } else { String::new() };
            line(format!(
                "{} epochs of {} steps, {} at a rate of up to {}; {ranks}{} threads, {}, on {device}",
                config.epochs,
                thousands(stage.map_or(0, |stage| stage.steps(split.train.len()))),
                state.optimizer,
                rounded(schedule.highest()),
                config.compute.threads,
                simd::Level::current().name()
            ));
            if let Ok(Chosen { instead: Some(why), .. }) = device::open(&config.compute.device) {
                line(format!("on the CPU, though --device {} may be a GPU: {why}", config.compute.device));
            }
            table(stages, config).into_iter().for_each(line);
            warning.into_iter().for_each(line);
            if state.step > 0 {
                let (epoch, epochs) = (state.epoch, config.epochs);
                line(format!("resumed after {epoch} of {epochs} epochs, {} steps", thousands(state.step)));
            }
        }
    }
}

/// Warning about a warm-up that is longer than the run.
fn long_warmup(config: &Config, schedule: &Schedule) -> Option<String> {
    let (epochs, warmup) = (config.epochs, config.schedule.warmup_epochs?);
    (schedule.warmup > schedule.steps).then(|| {
        let highest = rounded(schedule.highest());
        format!("the warm-up takes {warmup} epochs and the run has {epochs}: the rate reaches at most {highest}")
    })
}

/// Rounds a rate to ten digits, to hide floating-point noise.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.9e}").parse().unwrap_or(rate)
}

/// Prints the best result and what to type next.
fn result(style: Style, model: &Model<'_>, Facts { folder, split, state, .. }: &Facts) -> Result<()> {
    let Some(best) = state.best else { return Ok(()) };
    let checkpoint = folder.best();
    let image = sample(split.val.as_ref(), folder, best.right)?;
    let next = image.map(|image| format!("{} --weights {} {}", model.predict, shell(&checkpoint), shell(&image)));
    if style == Style::Json {
        line(json!({
            "event": "result",
            "best_top1": best.top1,
            "best_epoch": best.epoch,
            "best_is_averaged": best.averaged,
            "epochs": state.epoch,
            "folder": folder.path().display().to_string(),
            "checkpoint": checkpoint.display().to_string(),
            "peak_bytes": memory::measured(),
            "next": next,
        }));
        return Ok(());
    }
    let of = if best.averaged { " of the averaged weights" } else { "" };
    line(format!("best top-1 {:.2} %{of} in epoch {}: {}", 100.0 * best.top1, best.epoch, checkpoint.display()));
    if style == Style::Human {
        if let Some(peak) = memory::measured() {
            line(format!("peak memory {}", bytes(peak)));
        }
        if let Some(next) = next {
            line(format!("try it: {next}"));
        }
    }
    Ok(())
}

fn stopped(style: Style, Facts { config, folder, state, .. }: &Facts) {
    let folder = folder.path();
    match style {
        Style::Json => line(
            json!({"event": "stopped", "epoch": state.epoch, "step": state.step, "folder": folder.display().to_string()}),
        ),
        Style::Human | Style::Quiet => line(format!(
            "stopped at step {} of epoch {}; to continue, type the same command with: --resume --output {}",
            state.position.batches / config.accumulate as u64,
            state.epoch + 1,
            shell(folder)
        )),
    }
}
