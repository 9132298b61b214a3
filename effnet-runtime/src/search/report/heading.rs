//! Head of the page: which search it is, and what it has found so far.

use effnet_spec::thousands;
use maud::{Markup, html};

use super::digest::Digest;
use super::words::{digits, milliseconds, networks, timed, times};
use crate::page::figures::{count, decimals, percent};
use crate::page::tile;
use crate::search::settings::{SamplerKind, Settings};
use crate::search::space::Space;
use crate::text::many;

pub(super) fn of(digest: &Digest<'_>, settings: &Settings, space: &Space) -> Markup {
    let planned = settings.sampler().trials();
    let ended = digest.trials.len() as u64 - digest.running;
    let state = [
        (ended < planned).then(|| format!("of up to {}", thousands(planned))),
        (digest.running > 0).then(|| format!("{} not ended", thousands(digest.running))),
        (digest.failures() > 0).then(|| format!("{} failed", thousands(digest.failures()))),
    ];
    let state: Vec<String> = state.into_iter().flatten().collect();
    let sampler = match settings.sampler {
        SamplerKind::Random => "random",
        SamplerKind::Evolution => "evolution",
        SamplerKind::Halving => "halving",
    };
    html! {
        header {
            p.kind { "Search report" }
            h1 { "Search in " (space.name()) }
            p.of {
                "for the best network on " strong { (settings.run.data.name()) } ": " (many(planned, "trial")) " of "
                (settings.trial_length()) " at " (settings.run.size) " × " (settings.run.size) " pixels"
            }
            dl.tiles {
                @match digest.best() {
                    Some(best) => {
                        div.first {
                            dt { "Best reward" }
                            dd { data id="best-reward" value=(best.reward) { (decimals(best.reward)) } }
                            dd.aside { "of trial " (best.number) }
                        }
                        (tile("Its accuracy", &percent(best.outcome.accuracy), &format!("on held-out images, after {}", many(best.epochs, "epoch"))))
                        (tile("Its time", &times(best.outcome.time), &time(best.outcome.milliseconds, timed(settings.measure))))
                        (tile("Its parameters", &count(best.outcome.params), "trainable"))
                    },
                    None => div.first { dt { "Best reward" } dd { "–" } dd.aside { "no trial has been trained yet" } },
                }
                (tile("Trials", &thousands(ended), &if state.is_empty() { "all done".to_owned() } else { state.join(", ") }))
                (tile("To choose from", &networks(space.size()), &format!("networks: {}", digits(space.size()))))
                (tile("Sampler", sampler, &format!("seed {}", settings.run.seed)))
            }
        }
    }
}

/// What the time is in times of.
fn time(taken: Option<f64>, timed: &str) -> String {
    let of = format!("the reference's {timed}");
    if taken.is_some() { format!("{of}; {}", milliseconds(taken)) } else { of }
}
