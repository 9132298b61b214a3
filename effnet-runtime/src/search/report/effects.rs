//! What each choice did to the reward.

use maud::{Markup, html};

use super::digest::Digest;
use crate::page::figures::{decimals, probability};
use crate::search::space::{ChoiceEffect, Effect, Gene, Space, effects};
use crate::search::trial::Trial;
use crate::text::many;

/// Choices of fewer trials say little: their bars are faint, and other bars are as long as if they were not there.
const FEW: u64 = 5;

pub(super) fn of(digest: &Digest<'_>, space: &Space) -> Markup {
    let (trials, epochs) = compared(digest);
    let rewards: Vec<f64> = trials.iter().filter_map(|trial| trial.reward()).collect();
    let mean = rewards.iter().sum::<f64>() / rewards.len().max(1) as f64;
    let effects = effects(space, trials.iter().copied());
    let open: Vec<(&Gene, &Effect)> =
        space.genes().iter().zip(&effects).filter(|(gene, _)| gene.choices.len() > 1).collect();
    if rewards.len() < 2 || open.is_empty() {
        return html! { p { "Two trials are needed, and a space with something to choose." } };
    }
    let longest = longest(open.iter().flat_map(|(_, effect)| &effect.choices), mean);
    let mut largest: Vec<&(&Gene, &Effect)> = open.iter().collect();
    largest.sort_by(|left, right| right.1.share.total_cmp(&left.1.share));
    let stages = open.last().map_or(0, |(gene, _)| gene.stage + 1);
    let chance = |choices: usize| probability((choices - 1) as f64 / (rewards.len() - 1) as f64);
    html! {
        p.note {
            "The mean reward of the trials with each choice, over " (many(rewards.len() as u64, "trial")) " of "
            (many(epochs, "epoch")) ": bars lead from the mean of all, " (decimals(mean)) ", to the right where it is higher. "
            "Each percentage is the share of the rewards' variance that lies between the choices; by chance alone, two choices have about "
            (chance(2)) " and three " (chance(3)) "."
            @if digest.trials.iter().any(|trial| trial.proposal.parent.is_some()) {
                " A sampler that follows rewards tries good choices together, so their means do not stand for one choice alone."
            }
        }
        p.largest {
            "The largest shares: "
            @for (place, (gene, effect)) in largest.iter().take(3).enumerate() {
                @if place > 0 { ", " }
                strong { (gene) } " (" (whole_percent(effect.share)) ")"
            }
            "."
        }
        div.stages {
            @for stage in 0..stages {
                @let of_stage = open.iter().filter(|(gene, _)| gene.stage == stage);
                @if of_stage.clone().next().is_some() {
                    div.stage {
                        h3 { "Stage " (stage + 1) }
                        @for (gene, effect) in of_stage { (card(gene, effect, mean, longest)) }
                    }
                }
            }
        }
    }
}

/// The trials of one number of epochs, that of the most trials, as rewards compare only between those.
fn compared<'a>(digest: &Digest<'a>) -> (Vec<&'a Trial>, u64) {
    let count = |epochs: u64| digest.measured.iter().filter(|trial| trial.epochs == epochs).count();
    let epochs = digest.measured.iter().map(|trial| trial.epochs).max_by_key(|&epochs| (count(epochs), epochs));
    let epochs = epochs.unwrap_or_default();
    let measured = digest.measured.iter().filter(|trial| trial.epochs == epochs);
    (measured.filter_map(|trial| digest.trials.get(trial.number as usize)).collect(), epochs)
}

/// The difference from the mean that a bar of full length stands for.
fn longest<'a>(choices: impl Iterator<Item = &'a ChoiceEffect> + Clone, mean: f64) -> f64 {
    let most = |least: u64| {
        let means = choices.clone().filter(|choice| choice.trials >= least).filter_map(|choice| choice.mean);
        means.map(|of_choice| (of_choice - mean).abs()).fold(0.0, f64::max)
    };
    [FEW, 1].map(most).into_iter().find(|longest| *longest > 0.0).unwrap_or(1.0)
}

fn card(gene: &Gene, effect: &Effect, mean: f64, longest: f64) -> Markup {
    html! {
        table.effect {
            caption { (gene.kind) span { (whole_percent(effect.share)) } }
            colgroup { col; col; col; col; }
            thead.unseen { tr { @for name in ["choice", "against the mean", "mean reward", "trials"] { th scope="col" { (name) } } } }
            tbody {
                @for (choice, found) in gene.choices.iter().zip(&effect.choices) {
                    tr {
                        th scope="row" { (choice) }
                        td { (bar(found, mean, longest)) }
                        td { (decimals(found.mean.unwrap_or(f64::NAN))) }
                        td.count { (many(found.trials, "trial")) }
                    }
                }
            }
        }
    }
}

/// A bar from the middle to the right, or to the left where the choice's mean is below that of all.
fn bar(found: &ChoiceEffect, mean: f64, longest: f64) -> Markup {
    let share = found.mean.map_or(0.0, |of_choice| ((of_choice - mean) / longest).clamp(-1.0, 1.0));
    let (from, to) = (50.0 + 50.0 * share.min(0.0), 50.0 + 50.0 * share.max(0.0));
    html! { span.lead.few[found.trials < FEW] style=(format!("--from:{from:.1}%;--to:{to:.1}%")) {} }
}

/// `12 %`, `< 1 %`.
fn whole_percent(share: f64) -> String {
    match 100.0 * share {
        percent if percent > 0.0 && percent < 0.5 => "< 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}
