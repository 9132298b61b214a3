//! The flags of a search beside those of its trials' training.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use effnet_runtime::cli::TrainArgs;
use effnet_runtime::search::{Measure, PaperReward, SamplerKind, Settings, Space};
use effnet_runtime::spec::Spec;
use effnet_runtime::train::config::Layer;

/// Networks of a search that says no number: seven minutes on two busy cores for the bundled digits.
const SAMPLES: u64 = 32;

/// Trials whose weights are kept.
const KEEP: usize = 5;

/// Share of the training images that is held out.
const HOLD_OUT: f64 = 0.2;

/// What a search says of itself. Each is none where the command line does not say it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Search")]
pub(super) struct SearchFlags {
    /// Networks to choose from: b0, b4, or a TOML file as docs/search.md describes it [default: b0; with --data, b4]
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) space: Option<String>,
    #[arg(long, value_name = "N", help = format!("Networks to try [default: {SAMPLES}]"), value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    samples: Option<u64>,
    /// What proposes them [default: random]
    #[arg(long, value_enum)]
    sampler: Option<SamplerKind>,
    #[arg(long, value_name = "SHARE", help = format!("Share of the training images that trials are measured on and never see [default: {HOLD_OUT}]"))]
    hold_out: Option<f64>,
    /// The time that counts [default: step]
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    /// Take times from the folder of another search instead of the clock
    #[arg(long, value_name = "DIR")]
    times: Option<PathBuf>,
    #[arg(long, value_name = "EXPONENT", help = format!("Exponent of the time in the reward [default: {}]", PaperReward::PAPER.time), allow_negative_numbers = true)]
    time_exponent: Option<f64>,
    #[arg(long, value_name = "EXPONENT", help = format!("Exponent of the parameters in the reward [default: {}]", PaperReward::PAPER.params), allow_negative_numbers = true)]
    params_exponent: Option<f64>,
    #[arg(long, value_name = "N", help = format!("The best trials, whose weights are kept [default: {KEEP}]"))]
    keep_best: Option<usize>,
}

impl SearchFlags {
    /// The space and the settings of a new search.
    pub(super) fn settings(&self, args: &TrainArgs) -> Result<(Space, Settings)> {
        let own_data = args.says("data.path")?;
        let space = Space::open(self.space.as_deref().unwrap_or(if own_data { "b4" } else { "b0" }))?;
        if args.says("pretrained.path")? {
            bail!("the networks of a search begin with random weights: leave out --pretrained");
        }
        let run = args.clone().over_recipe(trials(own_data)).new_run(&reference(&space)?, "search")?;
        if run.stages.count != 1 {
            bail!("the trials of a search are short, and all of one image size: leave out --progressive");
        }
        let times = self.times.as_deref().map(std::path::absolute).transpose()?;
        let PaperReward { time, params } = PaperReward::PAPER;
        let settings = Settings {
            space: space.name().to_owned(),
            samples: self.samples.unwrap_or(SAMPLES),
            sampler: self.sampler.unwrap_or(SamplerKind::Random),
            hold_out: self.hold_out.unwrap_or(HOLD_OUT),
            measure: self.measure.unwrap_or(Measure::Step),
            times,
            keep: self.keep_best.unwrap_or(KEEP),
            reward: PaperReward {
                time: self.time_exponent.unwrap_or(time),
                params: self.params_exponent.unwrap_or(params),
            },
            run,
        };
        Ok((space, settings))
    }

    /// Checks that a search that goes on is asked for nothing else than what it does.
    pub(super) fn check_same(&self, settings: &Settings, space: &Space, folder: &Path) -> Result<()> {
        let Self {
            space: named,
            samples,
            sampler,
            hold_out,
            measure,
            times,
            time_exponent,
            params_exponent,
            keep_best,
        } = self;
        let times = times.as_deref().map(std::path::absolute).transpose()?;
        let is_same = [
            (
                "--space",
                named.as_deref().map(Space::open).transpose()?.is_none_or(|named| named.text() == space.text()),
            ),
            ("--samples", samples.is_none_or(|samples| samples == settings.samples)),
            ("--sampler", sampler.is_none_or(|sampler| sampler == settings.sampler)),
            ("--hold-out", hold_out.is_none_or(|share| share == settings.hold_out)),
            ("--measure", measure.is_none_or(|measure| measure == settings.measure)),
            ("--times", times.is_none_or(|times| Some(times) == settings.times)),
            ("--time-exponent", time_exponent.is_none_or(|exponent| exponent == settings.reward.time)),
            ("--params-exponent", params_exponent.is_none_or(|exponent| exponent == settings.reward.params)),
            ("--keep-best", keep_best.is_none_or(|keep| keep == settings.keep)),
        ];
        if let Some((flag, _)) = is_same.into_iter().find(|(_, is_same)| !is_same) {
            let folder = folder.display();
            bail!(
                "the search in {folder} began with another {flag}: leave it out, or begin a new search without --resume"
            );
        }
        Ok(())
    }
}

/// The network whose time is 1.
pub(super) fn reference(space: &Space) -> Result<Spec> {
    Ok(space.spec(&space.middle(), "Reference")?)
}

/// Settings that all trials have unless the user says otherwise: small images and few epochs.
fn trials(own_data: bool) -> Layer {
    let mut layer = Layer::empty("the search");
    if own_data {
        layer.set("epochs", 10);
        layer.set("size", 128);
        layer.set("eval_size", 128);
        layer.set("ema.decay", 0.0);
    } else {
        layer.set("epochs", 1);
        layer.set("size", 48);
        layer.set("eval_size", 48);
    }
    layer
}
