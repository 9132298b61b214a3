//! The trials by reward, and those that failed.

use effnet_spec::thousands;
use maud::{Markup, html};

use super::digest::{Digest, Measured};
use super::words::{milliseconds, stage, times};
use crate::page::figures::{count, decimals, percent};
use crate::text::many;

/// Most rows of the table.
const LISTED: usize = 50;

pub(super) fn of(digest: &Digest<'_>) -> Markup {
    let ranked = digest.ranked();
    let stages = ranked.iter().map(|trial| trial.spec.rows().len()).max().unwrap_or_default();
    let rest = ranked.len().saturating_sub(LISTED) as u64;
    html! {
        @if ranked.is_empty() { p { "No trial has been trained yet." } } @else {
            p.note {
                "Stages are written as operator, kernel (k3: 3 × 3), expansion (e4: four times the channels inside a block) and number of layers. "
                "Times are in times of the reference's, and as the clock had them."
                @if digest.is_in_rungs() { " The longest trainings come first, as only those of as many epochs compare." }
            }
            div.scroll {
                table.numbers.ranking id="trials" {
                    thead {
                        tr {
                            @for name in ["trial", "reward", "accuracy", "time", "measured", "params", "MACs", "epochs"] { th scope="col" { (name) } }
                            @for number in 1..=stages { th.name scope="col" { "stage " (number) } }
                        }
                    }
                    tbody { @for trial in ranked.iter().take(LISTED) { (row(trial, digest.winner)) } }
                }
            }
            @if rest > 0 { p.note id="rest" { "And " (thousands(rest)) " more: all are in " code { "trials.jsonl" } "." } }
        }
        @if digest.refused() > 0 {
            p.note {
                "Besides, " (many(digest.refused(), "network")) " " (if digest.refused() == 1 { "was" } else { "were" })
                " drawn and not tried: beyond a limit of the space, or drawn before."
            }
        }
    }
}

fn row(trial: &Measured<'_>, winner: Option<u64>) -> Markup {
    let outcome = trial.outcome;
    html! {
        tr.best[Some(trial.number) == winner] {
            th scope="row" { (trial.number) }
            td { (decimals(trial.reward)) }
            td { (percent(outcome.accuracy)) }
            td { (times(outcome.time)) }
            td { (milliseconds(outcome.milliseconds)) }
            td { (count(outcome.params)) }
            td { (count(outcome.macs)) }
            td { (thousands(trial.epochs)) }
            @for row in trial.spec.rows() {
                @let [operator, depth] = stage(row);
                td class={ "blocks " (row.operator.name()) } { (operator) br; (depth) }
            }
        }
    }
}

/// The trials that failed, with their reasons.
pub(super) fn failures(digest: &Digest<'_>) -> Markup {
    html! {
        p.note { (many(digest.failures(), "trial")) " of " (thousands(digest.trials.len() as u64)) " could not be ranked." }
        div.scroll {
            table.numbers.reasons id="failed" {
                thead { tr { th scope="col" { "trials" } th.name scope="col" { "reason" } } }
                tbody {
                    @for failed in &digest.failed {
                        tr {
                            td { (thousands(failed.trials)) }
                            td.name {
                                (failed.reason)
                                @if failed.trials > 1 { " (trial " (failed.first) "; the others alike)" } @else { " (trial " (failed.first) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}
