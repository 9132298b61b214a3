//! What was searched, and how.

use effnet_spec::thousands;
use maud::{Markup, html};

use super::words::{digits, timed};
use crate::page;
use crate::page::figures::{count, short};
use crate::search::error::Result;
use crate::search::settings::{SamplerKind, Settings};
use crate::search::space::{Limits, Space};
use crate::text::many;

pub(super) fn of(settings: &Settings, space: &Space) -> Result<Markup> {
    let Settings { run, reward, .. } = settings;
    let sampler = match settings.sampler {
        SamplerKind::Random => "random: every network with the same probability",
        SamplerKind::Evolution => "regularised evolution: mutations of the best among the latest",
        SamplerKind::Halving => "successive halving: short trainings, of which the best third goes on",
    };
    let time = match &settings.times {
        Some(path) => format!("of a {}, taken from the search in {}", timed(settings.measure), path.display()),
        None => format!("of a {}, measured beside the reference network's", timed(settings.measure)),
    };
    let limits = limits(space.limits());
    let facts = [
        (
            "Space",
            format!("{}: {} networks of {}", space.name(), digits(space.size()), many(stages(space) as u64, "stage")),
        ),
        ("Limits", if limits.is_empty() { "none".to_owned() } else { format!("at most {}", limits.join(", ")) }),
        ("Sampler", format!("{sampler}; seed {}", run.seed)),
        ("Trials", format!("up to {}, of {} each", thousands(settings.sampler().trials()), settings.trial_length())),
        ("Data", run.data.name()),
        (
            "Accuracy",
            format!(
                "on {} % of each class's training images, which no trial trains on",
                short(100.0 * settings.hold_out)
            ),
        ),
        ("Images", format!("{0} × {0} pixels, {1} in a batch", run.size, run.batch)),
        ("Time", time),
        (
            "Reward",
            format!(
                "accuracy · time^{} · params^{}, with the time in times of the reference's and the parameters in millions",
                exponent(reward.time),
                exponent(reward.params)
            ),
        ),
        ("effnet", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    Ok(html! {
        (page::facts(facts))
        details {
            summary { "All settings (" code { "search.toml" } ")" }
            pre { code { (settings.to_toml()?) } }
        }
        details {
            summary { "The space (" code { "space.toml" } ")" }
            pre { code { (space.text()) } }
        }
    })
}

fn stages(space: &Space) -> usize {
    space.genes().last().map_or(0, |gene| gene.stage + 1)
}

/// With a minus sign as formulas have it.
fn exponent(number: f64) -> String {
    short(number).replace('-', "−")
}

/// What a network may cost at most.
fn limits(limits: &Limits) -> Vec<String> {
    let Limits { params, macs, at, activation_bytes, step_ms, infer_ms } = limits;
    let at = at.map_or_else(String::new, |side| format!(" at {side} × {side} pixels"));
    let limits = [
        params.map(|most| format!("{} parameters", count(most))),
        macs.map(|most| format!("{} multiply-accumulates{at}", count(most))),
        activation_bytes.map(|most| format!("{} bytes of activations an image", thousands(most))),
        step_ms.map(|most| format!("{} ms a training step", short(most))),
        infer_ms.map(|most| format!("{} ms an inference", short(most))),
    ];
    limits.into_iter().flatten().collect()
}
