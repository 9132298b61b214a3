//! Accuracy against time: which networks no other beats in both.

use maud::{Markup, PreEscaped, html};

use super::digest::{Digest, Measured};
use super::plot::{self, Plane, ROOM, SIZE, beyond, range};
use super::words::{timed, times};
use crate::page::axes::Axes;
use crate::page::figures::{count, decimals, percent, short};
use crate::search::error::Result;
use crate::search::settings::{Measure, Settings};
use crate::text::many;

/// Radius of the bubble of the most parameters, in units of the plot, with up to [`CALM`] bubbles.
const LARGEST: f64 = 17.0;

/// Bubbles from which on they are smaller, so that as much of the plot is covered.
const CALM: f64 = 100.0;

/// Radius of the smallest bubble, so that it is seen.
const SMALLEST: f64 = 2.5;

/// Width of a digit and height of a label in units of the plot, where they are largest: in a narrow window.
const DIGIT: (f64, f64) = (13.0, 22.0);

/// Most rows of the table beside the plot.
const LISTED: usize = 12;

/// The trials that no other beats: none has at least the accuracy in at most the time, and more of either. By time.
pub(super) fn front<'a, 'b>(trials: &[&'b Measured<'a>]) -> Vec<&'b Measured<'a>> {
    let mut sorted = trials.to_vec();
    sorted.sort_by(|left, right| {
        let (one, other) = (left.outcome, right.outcome);
        one.time
            .total_cmp(&other.time)
            .then(other.accuracy.total_cmp(&one.accuracy))
            .then(left.number.cmp(&right.number))
    });
    let mut front: Vec<&Measured<'_>> = Vec::new();
    for trial in sorted {
        let accuracy = trial.outcome.accuracy;
        let is_better = front.last().is_none_or(|last| accuracy > last.outcome.accuracy);
        let equals = front
            .last()
            .is_some_and(|last| (accuracy, trial.outcome.time) == (last.outcome.accuracy, last.outcome.time));
        if is_better || equals {
            front.push(trial);
        }
    }
    front
}

pub(super) fn of(digest: &Digest<'_>, settings: &Settings) -> Result<Markup> {
    let most = digest.most_epochs();
    let compared: Vec<&Measured<'_>> = digest.measured.iter().filter(|trial| trial.epochs == most).collect();
    let front = front(&compared);
    let is_on = |trial: &Measured<'_>| front.iter().any(|other| other.number == trial.number);
    let kept = || front.iter().copied().chain(digest.best());
    let x_range = range(digest.measured.iter().map(|trial| trial.outcome.time), kept().map(|trial| trial.outcome.time));
    let percents = |trial: &Measured<'_>| 100.0 * trial.outcome.accuracy;
    let y_range = range(digest.measured.iter().map(percents), kept().map(percents));
    let outside = digest
        .measured
        .iter()
        .filter(|trial| beyond([trial.outcome.time], &x_range) + beyond([percents(trial)], &y_range) > 0);
    let outside = outside.count() as u64;
    let title = format!(
        "Accuracy against time of {}, {} of which no other beats in both",
        many(digest.measured.len() as u64, "trial"),
        front.len()
    );
    let axes = Axes {
        title: &title,
        size: SIZE,
        room: ROOM,
        x: match settings.measure {
            Measure::Step => "time of a training step, in times of the reference's",
            Measure::Inference => "time of an inference, in times of the reference's",
        },
        y: "accuracy in %",
        x_range,
        y_range,
        x_label: &|x| short(*x),
        x_labels: 8,
    };
    let largest = digest.measured.iter().map(|trial| trial.outcome.params).max().unwrap_or(1).max(1);
    let crowd = (CALM / digest.measured.len() as f64).min(1.0);
    let radius = |trial: &Measured<'_>| {
        let share = trial.outcome.params as f64 / largest as f64;
        (LARGEST * (share * crowd).sqrt()).max(SMALLEST)
    };
    let marks = |plane: &Plane| {
        let bubble = |trial: &Measured<'_>| {
            let class = match trial {
                trial if Some(trial.number) == digest.winner => "best",
                trial if is_on(trial) => "front",
                trial if trial.epochs == most => "other",
                _ => "short",
            };
            let (x, y) = (plane.x.at(trial.outcome.time), plane.y.at(percents(trial)));
            html! {
                circle class=(class) cx=(unit(x)) cy=(unit(y)) r=(unit(radius(trial))) {
                    title { (told(trial, digest.is_in_rungs())) }
                }
            }
        };
        // Small bubbles lie over large ones, and those that matter over all.
        let mut trials: Vec<&Measured<'_>> = digest.measured.iter().collect();
        trials.sort_by_key(|trial| {
            (Some(trial.number) == digest.winner, is_on(trial), std::cmp::Reverse(trial.outcome.params))
        });
        let line: Vec<String> = front
            .iter()
            .map(|trial| format!("{},{}", unit(plane.x.at(trial.outcome.time)), unit(plane.y.at(percents(trial)))))
            .collect();
        let labelled: Vec<&Measured<'_>> = digest
            .best()
            .into_iter()
            .chain(front.iter().copied().filter(|trial| Some(trial.number) != digest.winner))
            .collect();
        let places = labels(&labelled, plane, &radius);
        html! {
            g.marks {
                @for trial in trials.iter().filter(|trial| !is_on(trial) && Some(trial.number) != digest.winner) { (bubble(trial)) }
                polyline.front points=(line.join(" ")) {}
                @for trial in trials.iter().filter(|trial| is_on(trial) || Some(trial.number) == digest.winner) { (bubble(trial)) }
                @for (trial, x, y) in &places {
                    text.label.best[Some(trial.number) == digest.winner] x=(unit(*x)) y=(unit(*y)) text-anchor="middle" { (trial.number) }
                }
            }
        }
    };
    let svg = plot::svg(&axes, marks)?;
    Ok(html! {
        p.note {
            "Each bubble is a network, and its area the parameters; further up it is more accurate, further left faster. The line joins "
            "the networks that no other beats in both. Numbers are those of the trials; point at a bubble for its figures."
            @if digest.is_in_rungs() { " Only the longest trainings, of " (many(most, "epoch")) ", are compared; shorter ones are fainter." }
            @if outside > 0 { " " (many(outside, "trial")) " far beyond the others " (if outside == 1 { "is" } else { "are" }) " drawn at the edge." }
        }
        div.plot {
            figure id="chart-front" {
                figcaption {
                    span.key.best { "best by reward" }
                    span.key.front { "no other beats it in both" }
                    span.key.other { "others" }
                    @if digest.is_in_rungs() { span.key.short { "fewer epochs" } }
                }
                (PreEscaped(svg))
            }
            (table(&front, digest, settings.measure))
        }
    })
}

/// Coordinates with a tenth of a unit.
fn unit(number: f64) -> String {
    format!("{number:.1}")
}

fn told(trial: &Measured<'_>, epochs: bool) -> String {
    let Measured { number, outcome, reward, .. } = trial;
    let of = if epochs { format!(", {}", many(trial.epochs, "epoch")) } else { String::new() };
    format!(
        "Trial {number}: {}, {}, {} parameters, reward {}{of}",
        percent(outcome.accuracy),
        times(outcome.time),
        count(outcome.params),
        decimals(*reward)
    )
}

/// Places for the numbers of trials, above and left of their bubbles where the front leaves room, the first ones first.
/// One without a free place has none: it stands in the table.
fn labels<'a, 'b>(
    trials: &[&'b Measured<'a>],
    plane: &Plane,
    radius: &impl Fn(&Measured<'_>) -> f64,
) -> Vec<(&'b Measured<'a>, f64, f64)> {
    let (x_ends, y_ends) = (plane.x.ends(), plane.y.ends());
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let mut places = Vec::new();
    for &trial in trials {
        let (x, y) = (plane.x.at(trial.outcome.time), plane.y.at(100.0 * trial.outcome.accuracy));
        let width = DIGIT.0 * trial.number.to_string().len() as f64;
        let far = radius(trial) + 4.0;
        let (left, right, up, down) = (x - far - width / 2.0, x + far + width / 2.0, y - far, y + far + DIGIT.1 * 0.7);
        let candidates =
            [(x, up), (left, y - far / 2.0), (left, y + 5.0), (right, y + 5.0), (right, y - far / 2.0), (x, down)];
        let is_free = |&(x, y): &(f64, f64)| {
            let is_within = x - width / 2.0 > x_ends.0
                && x + width / 2.0 < x_ends.1
                && y - DIGIT.1 * 0.6 > y_ends.0
                && y < y_ends.1;
            let is_clear = |&(other, height, wide): &(f64, f64, f64)| {
                (x - other).abs() > (width + wide) / 2.0 || (y - height).abs() > DIGIT.1 * 0.8
            };
            is_within && taken.iter().all(is_clear)
        };
        if let Some((x, y)) = candidates.into_iter().find(is_free) {
            taken.push((x, y, width));
            places.push((trial, x, y));
        }
    }
    places
}

/// The front in figures.
fn table(front: &[&Measured<'_>], digest: &Digest<'_>, measure: Measure) -> Markup {
    let skipped = front.len().saturating_sub(LISTED);
    html! {
        div.scroll {
            table.numbers id="front-table" {
                caption {
                    "No other network is both more accurate and faster, by the time of a " (timed(measure))
                    @if skipped > 0 { ": the " (LISTED) " most accurate of " (front.len()) }
                }
                thead { tr { @for name in ["trial", "accuracy", "time", "params", "reward"] { th scope="col" { (name) } } } }
                tbody {
                    @for trial in front.iter().skip(skipped) {
                        tr.best[Some(trial.number) == digest.winner] {
                            th scope="row" { (trial.number) }
                            td { (percent(trial.outcome.accuracy)) }
                            td { (times(trial.outcome.time)) }
                            td { (count(trial.outcome.params)) }
                            td { (decimals(trial.reward)) }
                        }
                    }
                }
            }
        }
    }
}
