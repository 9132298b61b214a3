//! Head of the page: which run it is, and its best result.

use effnet_spec::thousands;
use maud::{Markup, html};

use super::history::History;
use super::shown::Shown;
use crate::page::figures::{count, decimals, percent};
use crate::page::tile;
use crate::text::duration;
use crate::train::facts::Facts;
use crate::train::state::Best;

pub(super) fn of(facts: &Facts, best: &Best, history: &History, shown: &Shown) -> Markup {
    let config = &facts.config;
    let (train, val) = (facts.split.train.len() as u64, facts.split.val.len() as u64);
    let classes = facts.network.num_classes() as u64;
    let weights = if best.averaged { "ema" } else { "val" };
    let of_best = |figure| history.of_epoch(best.epoch, &format!("{weights}_{figure}")).unwrap_or(f64::NAN);
    let seconds = history.column("seconds").iter().filter(|seconds| seconds.is_finite()).sum::<f64>();
    let done = facts.state.epoch;
    let is_done =
        if done < config.epochs { format!("of {} so far", thousands(config.epochs)) } else { "all done".into() };
    html! {
        header {
            p.kind { "Training report" }
            h1 { (facts.network.spec().name) }
            p.of {
                "on " strong { (config.data.name()) } ": " (thousands(train)) " training and " (thousands(val)) " validation images of "
                (thousands(classes)) " classes"
            }
            dl.tiles {
                div.first {
                    dt { "Best top-1" }
                    dd { data id="best-top1" value=(best.top1) { (percent(best.top1)) } }
                    dd.aside {
                        "in epoch " (best.epoch)
                        @if best.averaged { ", by the averaged weights" }
                        @if shown.epoch != best.epoch { "; details below are of epoch " (shown.epoch) }
                    }
                }
                (tile("Top-5", &percent(of_best("top5")), "of that epoch"))
                (tile("Validation loss", &decimals(of_best("loss")), "of that epoch"))
                (tile("Epochs", &thousands(done), &is_done))
                (tile("Time", &duration(std::time::Duration::from_secs_f64(seconds)), "evaluations included"))
                (tile("Parameters", &count(facts.network.params().trainable() as u64), "trainable"))
            }
        }
    }
}
