//! How the reward grew with the trials.

use effnet_spec::thousands;
use maud::{Markup, PreEscaped, html};

use super::digest::{Digest, Measured};
use super::plot::{self, Plane, ROOM, beyond, range};
use crate::page::axes::Axes;
use crate::page::figures::decimals;
use crate::search::error::Result;
use crate::text::many;

/// Width and height of the plot in its own units.
const SIZE: (u32, u32) = (680, 320);

/// Most rows of the table beside the plot.
const LISTED: usize = 8;

/// The trials that were the best so far when they ended: a line for each number of epochs, from that on which a trial was
/// trained for so many.
pub(super) fn records<'a, 'b>(measured: &'b [Measured<'a>]) -> Vec<Vec<&'b Measured<'a>>> {
    let mut lines: Vec<Vec<&Measured<'_>>> = Vec::new();
    for trial in measured {
        let last = lines.last().and_then(|line| line.last());
        match last {
            Some(last)
                if trial.epochs < last.epochs || (trial.epochs == last.epochs && trial.reward <= last.reward) => {}
            Some(last) if trial.epochs == last.epochs => lines.last_mut().into_iter().for_each(|line| line.push(trial)),
            _ => lines.push(vec![trial]),
        }
    }
    lines
}

pub(super) fn of(digest: &Digest<'_>) -> Result<Markup> {
    let lines = records(&digest.measured);
    let rewards = || digest.measured.iter().map(|trial| trial.reward);
    let y_range = range(rewards(), digest.best().map(|best| best.reward));
    let outside = beyond(rewards(), &y_range);
    let last = digest.measured.last().map_or(0, |trial| trial.number);
    let title = match digest.best() {
        Some(best) => format!("Reward by trial: the best, {}, is that of trial {}", decimals(best.reward), best.number),
        None => "Reward by trial".to_owned(),
    };
    let axes = Axes {
        title: &title,
        size: SIZE,
        room: ROOM,
        x: "trial",
        y: "reward",
        x_range: -0.5..last.max(1) as f64 + 0.5,
        y_range,
        // Trials have whole numbers.
        x_label: &|x| if *x >= 0.0 && x.fract() == 0.0 { thousands(*x as u64) } else { String::new() },
        x_labels: (last as usize).clamp(2, 8),
    };
    let marks = |plane: &Plane| {
        let at = |trial: &Measured<'_>| (plane.x.at(trial.number as f64), plane.y.at(trial.reward));
        let ends = lines.iter().skip(1).map(|line| line[0]).map(|trial| at(trial).0);
        let ends = ends.chain([plane.x.at(last as f64)]);
        html! {
            g.marks {
                @for trial in &digest.measured {
                    @let (x, y) = at(trial);
                    circle class=(if Some(trial.number) == digest.winner { "best" } else { "dot" })
                        cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r=(if Some(trial.number) == digest.winner { 6 } else { 3 }) {
                        title { "Trial " (trial.number) ": reward " (decimals(trial.reward)) }
                    }
                }
                @for (line, end) in lines.iter().zip(ends) { path.growth d=(steps(line.iter().map(|trial| at(trial)), end)) {} }
            }
        }
    };
    let svg = plot::svg(&axes, marks)?;
    Ok(html! {
        @if digest.is_in_rungs() || outside > 0 {
            p.note {
                @if digest.is_in_rungs() { "Rewards compare only between trainings of as many epochs, so the line begins anew with each longer one. " }
                @if outside > 0 { (many(outside, "trial")) " far beyond the others " (if outside == 1 { "is" } else { "are" }) " drawn at the edge." }
            }
        }
        div.plot {
            figure id="chart-growth" {
                figcaption {
                    span.key.dot { "a trial" }
                    span.key.growth { "best so far" }
                    span.key.best { "best" }
                }
                (PreEscaped(svg))
            }
            (table(&lines, digest))
        }
    })
}

/// A line that holds its height until the next point.
fn steps(points: impl Iterator<Item = (f64, f64)>, end: f64) -> String {
    let mut path = String::new();
    for (x, y) in points {
        path += &if path.is_empty() { format!("M{x:.1} {y:.1}") } else { format!("H{x:.1}V{y:.1}") };
    }
    path + &format!("H{end:.1}")
}

/// The latest records.
fn table(lines: &[Vec<&Measured<'_>>], digest: &Digest<'_>) -> Markup {
    let records: Vec<&Measured<'_>> = lines.iter().flatten().copied().collect();
    let skipped = records.len().saturating_sub(LISTED);
    html! {
        div.scroll {
            table.numbers id="records" {
                caption {
                    "The best so far when it ended"
                    @if skipped > 0 { ": the last " (LISTED) " of " (records.len()) }
                }
                thead { tr { th scope="col" { "trial" } th scope="col" { "reward" } @if digest.is_in_rungs() { th scope="col" { "epochs" } } } }
                tbody {
                    @for trial in records.into_iter().skip(skipped) {
                        tr.best[Some(trial.number) == digest.winner] {
                            th scope="row" { (trial.number) }
                            td { (decimals(trial.reward)) }
                            @if digest.is_in_rungs() { td { (thousands(trial.epochs)) } }
                        }
                    }
                }
            }
        }
    }
}
