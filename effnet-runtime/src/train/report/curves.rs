//! Curves: loss and accuracy over epochs, learning rate and image size over steps.

use effnet_spec::thousands;
use maud::{Markup, PreEscaped, html};

use super::history::History;
use crate::page::chart::{Chart, Line};
use crate::page::figures::{decimals, percent, short};
use crate::text::duration;
use crate::train::error::Result;
use crate::train::facts::Facts;

/// Maximum number of points of a schedule's curve.
const LOOKS: u64 = 1000;

pub(super) fn of(facts: &Facts, history: &History) -> Result<Markup> {
    let ends_in = |ends: &[&str]| -> Vec<&String> {
        history.columns.iter().filter(|column| ends.iter().any(|end| column.ends_with(end))).collect()
    };
    let (losses, shares) = (ends_in(&["loss"]), ends_in(&["top1", "top5"]));
    let x_range = (1, facts.config.epochs as i64);
    let lines = over_epochs(history, &losses, 1.0);
    let y_range = (0.0, 1.05 * largest(&numbers(&lines)));
    let loss_chart = Chart { title: "Loss by epoch", x: "epoch", y: "loss", x_range, y_range, lines }.svg()?;
    let lines = over_epochs(history, &shares, 100.0);
    let y_range = (tens_below(&numbers(&lines)), 100.0);
    let share_chart =
        Chart { title: "Accuracy by epoch", x: "epoch", y: "accuracy in %", x_range, y_range, lines }.svg()?;
    let rate_chart = over_steps("Learning rate by step", "rate", facts, |step| facts.schedule.rate(step))?;
    let size_chart = over_steps("Image size by step", "pixels", facts, |step| facts.size(step) as f64)?;
    let (done, steps) = (facts.state.step, facts.schedule.steps);
    Ok(html! {
        div.charts {
            (figure("loss", "Loss", loss_chart, &legend(&losses, "loss")))
            (figure("accuracy", "Accuracy on validation images", share_chart, &legend(&shares, "val")))
            (figure("rate", "Learning rate", rate_chart, &[]))
            (figure("size", "Image size in training", size_chart, &[]))
        }
        p.note {
            (thousands(done)) " of " (thousands(steps)) " steps are done"
            @if done < steps { "; the faint part of a schedule is to come" }
            "."
        }
        details {
            summary { "Every epoch in figures" }
            (table(history))
        }
    })
}

fn figure(id: &str, title: &str, svg: String, legend: &[String]) -> Markup {
    html! {
        figure id={ "chart-" (id) } {
            figcaption {
                span.title { (title) }
                @for (number, name) in legend.iter().enumerate() { span class={ "key s" (number % 4) } { (name) } }
            }
            (PreEscaped(svg))
        }
    }
}

/// Name of a `metrics.csv` column in words: `val_top1` is `validation top-1`.
fn name(column: &str) -> String {
    let word = |word| match word {
        "train" => "training",
        "val" => "validation",
        "top1" => "top-1",
        "top5" => "top-5",
        "lr" => "rate",
        "ema" => "EMA",
        other => other,
    };
    column.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// Column names without the word that the chart's title already says.
fn legend(columns: &[&String], said: &str) -> Vec<String> {
    let rest = |column: &&String| column.split('_').filter(|word| *word != said).collect::<Vec<_>>().join("_");
    columns.iter().map(|column| name(&rest(column))).collect()
}

/// A line per column, numbers multiplied by `factor`.
fn over_epochs(history: &History, columns: &[&String], factor: f64) -> Vec<Line> {
    let epochs = history.column("epoch");
    let line = |(colour, column): (usize, &&String)| {
        let numbers = history.column(column).into_iter().map(|number| factor * number);
        let points = epochs.iter().map(|epoch| *epoch as i64).zip(numbers).collect();
        Line { colour, points, marked: true, faint: false }
    };
    columns.iter().enumerate().map(line).collect()
}

/// The finite numbers of all lines.
fn numbers(lines: &[Line]) -> Vec<f64> {
    let numbers = lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    numbers.filter(|number| number.is_finite()).collect()
}

/// Lines of a plan: solid up to the current step, faint after it.
fn over_steps(title: &str, y: &str, facts: &Facts, of: impl Fn(u64) -> f64) -> Result<String> {
    let (steps, done) = (facts.schedule.steps, facts.state.step.min(facts.schedule.steps));
    let stride = steps.div_ceil(LOOKS).max(1);
    // A step's value holds until the next step.
    let points = |from: u64, to: u64| -> Vec<(i64, f64)> {
        let looks = (from..to).step_by(stride as usize).chain(to.checked_sub(1).filter(|last| *last >= from));
        let mut points: Vec<(i64, f64)> = Vec::new();
        for step in looks {
            let value = of(step);
            if let Some(before) = points.last().map(|point| point.1).filter(|before| *before != value) {
                points.push((step as i64, before));
            }
            points.push((step as i64, value));
        }
        points.extend(points.last().map(|last| (to as i64, last.1)));
        points
    };
    let line = |points, faint| Line { colour: 0, points, marked: false, faint };
    let lines = vec![line(points(0, done), false), line(points(done.saturating_sub(1), steps), true)];
    let y_range = (0.0, 1.1 * largest(&numbers(&lines)));
    Ok(Chart { title, x: "step", y, x_range: (0, steps as i64), y_range, lines }.svg()?)
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(0.0, f64::max)
}

/// Lower end of a percentage axis: 0, or the next multiple of ten below the numbers if all are above 50.
fn tens_below(numbers: &[f64]) -> f64 {
    let least = numbers.iter().copied().fold(100.0, f64::min);
    if least < 50.0 { 0.0 } else { ((least / 10.0).floor() * 10.0).min(90.0) }
}

/// Cells of `metrics.csv`, formatted for people.
fn table(history: &History) -> Markup {
    let cell = |column: &str, number: f64| match column {
        "epoch" | "step" => thousands(number as u64),
        "seconds" => duration(std::time::Duration::try_from_secs_f64(number).unwrap_or_default()),
        column if column.ends_with("loss") => decimals(number),
        column if column.ends_with("top1") || column.ends_with("top5") => percent(number),
        _ => short(number),
    };
    html! {
        div.scroll {
            table.numbers id="epochs" {
                thead { tr { @for column in &history.columns { th scope="col" { (name(column)) } } } }
                tbody {
                    @for row in &history.rows {
                        tr {
                            @for (column, number) in history.columns.iter().zip(row) { td { (cell(column, *number)) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_names_in_words() {
        assert_eq!(
            ["val_top1", "train_loss", "ema_val_loss"].map(name),
            ["validation top-1", "training loss", "EMA validation loss"]
        );
    }

    #[test]
    fn a_line_has_a_mark_for_each_epoch_and_leaves_out_what_is_no_number() {
        let history = History::parse("epoch,step,train_loss,val_loss\n1,10,2.5,NaN\n2,20,1.5,1\n3,30,1,0.5\n");
        let columns = ["train_loss".to_owned(), "val_loss".to_owned()];
        let lines = over_epochs(&history, &[&columns[0], &columns[1]], 1.0);
        assert_eq!(numbers(&lines), [2.5, 1.5, 1.0, 1.0, 0.5]);
        let y_range = (0.0, largest(&numbers(&lines)));
        let chart = Chart { title: "a <title>", x: "epoch", y: "loss", x_range: (1, 3), y_range, lines };
        let svg = chart.svg().unwrap();
        assert_eq!(svg.matches("<circle").count(), 5);
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"a &lt;title&gt;\""), "{svg}");
    }

    #[test]
    fn the_axis_of_shares_begins_below_them() {
        assert_eq!([&[97.0, 100.0][..], &[49.0], &[0.0], &[100.0], &[]].map(tens_below), [90.0, 0.0, 0.0, 90.0, 90.0]);
    }
}
