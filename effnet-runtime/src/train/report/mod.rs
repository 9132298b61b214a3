//! `report.html`: a run on one page.
//!
//! It is written atomically after every epoch.

mod architecture;
mod confusion;
mod curves;
mod heading;
mod history;
mod reproduce;
mod shown;
mod worst;

use std::io::Write;

use effnet_spec::thousands;
use maud::{Markup, html};

use super::error::{Error, Result};
use super::facts::Facts;
use super::state::Best;
use crate::page::{Page, section};
use crate::weights::write_atomically;
use history::History;
pub(super) use shown::Shown;

/// Writes a run's report into its folder: all epochs of `metrics.csv`, and one epoch's evaluation in detail.
///
/// # Errors
/// When `metrics.csv` cannot be read, or the report cannot be written.
pub(super) fn write(facts: &Facts, best: &Best, shown: &Shown) -> Result<()> {
    let path = facts.folder.report();
    let text = page(facts, best, &History::read(&facts.folder.metrics())?, shown)?;
    write_atomically(&path, |file| file.write_all(text.as_bytes())).map_err(Error::folder("write", &path))
}

fn page(facts: &Facts, best: &Best, history: &History, shown: &Shown) -> Result<String> {
    let model = &facts.network.spec().name;
    let classes = facts.split.val.classes();
    let evaluation = &shown.evaluation;
    let main = html! {
        (section("curves", "Curves", curves::of(facts, history)?))
        (section("confusion", "Confusion", html! {
            (note_on(best, shown))
            (confusion::of(evaluation, classes))
        }))
        (section("worst", "Worst mistakes", html! {
            p.note {
                "The images of the highest loss among those that were taken for another class, and the "
                "probabilities of both classes."
            }
            (worst::of(evaluation, classes, &shown.thumbnails))
        }))
        (section("architecture", "Architecture", architecture::of(facts)))
        (section("reproduce", "How to reproduce this run", reproduce::of(facts)?))
    };
    let title = format!("{model} · training report");
    Ok(Page { title, style: "", header: heading::of(facts, best, history, shown), main }.html())
}

/// Says which weights a section is about.
fn note_on(best: &Best, shown: &Shown) -> Markup {
    let is_best = shown.epoch == best.epoch;
    let images = thousands(shown.evaluation.images as u64);
    html! {
        p.note {
            (images) " validation images, by the " @if is_best && best.averaged { "averaged " } "weights of epoch " (shown.epoch)
            @if is_best { ", the best" }
            "."
        }
    }
}
