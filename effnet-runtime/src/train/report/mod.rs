//! `report.html`: a run on one page.
//!
//! The page is self-contained: it embeds drawings, pictures and style, loads nothing and runs no script. It is written
//! atomically after every epoch.

mod architecture;
mod chart;
mod confusion;
mod curves;
mod figures;
mod heading;
mod history;
mod reproduce;
mod shown;
mod worst;

use std::io::Write;

use effnet_spec::thousands;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::error::{Error, Result};
use super::facts::Facts;
use super::state::Best;
use crate::weights::write_atomically;
use history::History;
pub(super) use shown::Shown;

const STYLE: &str = include_str!("style.css");

/// Content security policy of the page: it may load only what it embeds.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// Writes a run's report into its folder: all epochs of `metrics.csv`, and one epoch's evaluation in detail.
///
/// # Errors
/// When `metrics.csv` cannot be read, or the report cannot be written.
pub(super) fn write(facts: &Facts, best: &Best, shown: &Shown) -> Result<()> {
    let path = facts.folder.report();
    let text = page(facts, best, &History::read(&facts.folder.metrics())?, shown)?.into_string();
    write_atomically(&path, |file| file.write_all(text.as_bytes())).map_err(Error::folder("write", &path))
}

fn page(facts: &Facts, best: &Best, history: &History, shown: &Shown) -> Result<Markup> {
    let model = &facts.network.spec().name;
    let classes = facts.split.val.classes();
    let evaluation = &shown.evaluation;
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (model) " · training report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (heading::of(facts, best, history, shown))
                main {
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
                }
                footer { "Written by effnet " (env!("CARGO_PKG_VERSION")) }
            }
        }
    })
}

fn section(id: &str, title: &str, content: Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            (content)
        }
    }
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
