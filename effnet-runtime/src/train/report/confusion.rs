//! Section of the page with the confusion matrix and each class's recall.

use std::cmp::Reverse;

use effnet_spec::thousands;
use maud::{Markup, html};

use crate::page::figures::percent;
use crate::train::evaluate::{ClassScore, Evaluation};

/// Maximum number of classes for which the whole matrix is shown.
const WHOLE: usize = 30;

/// Maximum number of lines in a list of classes.
const LISTED: usize = 20;

/// Shade from which white text is more readable than black on a light page: both have a contrast of 4.5 there.
const DARK: f64 = 0.76;

pub(super) fn of(evaluation: &Evaluation, classes: &[String]) -> Markup {
    html! {
        div.beside {
            @if classes.len() <= WHOLE { (matrix(evaluation, classes)) } @else { (pairs(evaluation, classes)) }
            (accuracies(evaluation, classes))
        }
    }
}

/// Matrix with a row per true class and a column per found class.
fn matrix(evaluation: &Evaluation, classes: &[String]) -> Markup {
    let narrow = classes.iter().all(|class| class.chars().count() <= 3);
    let numbers = || (0..).zip(classes);
    html! {
        div.scroll {
            table.matrix.upright[!narrow] id="matrix" {
                caption { "Rows: true class. Columns: what it was taken for." }
                thead {
                    tr {
                        td {}
                        @for class in classes { th scope="col" title=(class) { span { (class) } } }
                    }
                }
                tbody {
                    @for (truth, class) in numbers() {
                        @let images = evaluation.classes.get(truth as usize).map_or(0, |score| score.images);
                        tr {
                            th scope="row" title=(class) { (class) }
                            @for (found, other) in numbers() {
                                (cell(evaluation.confusion.count(truth, found), images, truth == found, class, other))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(times: usize, images: usize, right: bool, truth: &str, found: &str) -> Markup {
    if times == 0 {
        return html! { td.none { "·" } };
    }
    let share = times as f64 / images.max(1) as f64;
    // Keep a single mistake among hundreds of images visible.
    let shade = if right { share } else { 0.2 + 0.8 * share };
    html! {
        td class={ (if right { "hit" } else { "miss" }) @if shade >= DARK { " dark" } } style={ "--share:" (format!("{shade:.3}")) }
            title={ (truth) " taken for " (found) ": " (times) " of " (images) } { (times) }
    }
}

/// The most frequent mistakes.
fn pairs(evaluation: &Evaluation, classes: &[String]) -> Markup {
    let mut mistakes: Vec<_> = evaluation.confusion.iter().filter(|(truth, found, _)| truth != found).collect();
    mistakes.sort_by_key(|&(truth, found, times)| (Reverse(times), truth, found));
    let name = |class: u32| classes.get(class as usize).map_or("", String::as_str);
    html! {
        div.scroll {
            table.numbers id="pairs" {
                caption {
                    "The most frequent mistakes"
                    @if mistakes.len() > LISTED { ": " (LISTED) " of " (thousands(mistakes.len() as u64)) " pairs" }
                }
                thead { tr { th.name scope="col" { "true class" } th.name scope="col" { "taken for" } th scope="col" { "images" } } }
                tbody {
                    @for &(truth, found, times) in mistakes.iter().take(LISTED) {
                        tr { td.name { (name(truth)) } td.name { (name(found)) } td { (thousands(times as u64)) } }
                    }
                }
            }
        }
    }
}

/// Recall of each class; with many classes, only the lowest.
fn accuracies(evaluation: &Evaluation, classes: &[String]) -> Markup {
    let mut scores: Vec<(&String, &ClassScore)> = classes.iter().zip(&evaluation.classes).collect();
    let many = scores.len() > WHOLE;
    if many {
        // Classes without images have no recall and come last.
        let share = |score: &ClassScore| score.accuracy().unwrap_or(f64::INFINITY);
        scores.sort_by(|left, right| share(left.1).total_cmp(&share(right.1)));
        scores.truncate(LISTED);
    }
    html! {
        div.scroll {
            table.numbers id="classes" {
                caption {
                    @if many { "The " (LISTED) " classes that are found least" } @else { "Found of each class" }
                }
                thead {
                    tr { th.name scope="col" { "class" } th scope="col" { "images" } th scope="col" { "found" } th scope="col" { "accuracy" } td {} }
                }
                tbody {
                    @for (class, score) in scores {
                        @let accuracy = score.accuracy();
                        tr {
                            td.name title=(class) { (class) }
                            td { (thousands(score.images as u64)) }
                            td { (thousands(score.correct as u64)) }
                            td { (percent(accuracy.unwrap_or(f64::NAN))) }
                            td.bar { span style={ "--share:" (format!("{:.3}", accuracy.unwrap_or(0.0))) } {} }
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
    use crate::train::evaluate::Confusion;

    /// Four images per class: one is taken for the next class, but in class 5 all four are.
    fn evaluation(classes: usize) -> Evaluation {
        let counts = (0..classes as u32).flat_map(|truth| {
            let next = (truth + 1) % classes as u32;
            if truth == 5 { vec![(5, next, 4)] } else { vec![(truth, truth, 3), (truth, next, 1)] }
        });
        let score = |class| ClassScore { images: 4, correct: if class == 5 { 0 } else { 3 } };
        Evaluation {
            images: 4 * classes,
            classes: (0..classes).map(score).collect(),
            confusion: Confusion::from_counts(counts),
            ..Evaluation::default()
        }
    }

    fn shown(classes: usize) -> String {
        let names: Vec<String> = (0..classes).map(|class| format!("<{class}>")).collect();
        of(&evaluation(classes), &names).into_string()
    }

    #[test]
    fn few_classes_show_the_matrix() {
        let html = shown(30);
        assert_eq!(html.matches("<th scope=\"row\"").count(), 30);
        assert_eq!(html.matches("<td class=\"hit").count(), 29);
        assert_eq!(html.matches("<td class=\"miss").count(), 30);
        assert!(html.contains("title=\"&lt;3&gt; taken for &lt;4&gt;: 1 of 4\">1</td>"), "{html}");
        assert!(!html.contains("id=\"pairs\""));
    }

    #[test]
    fn many_classes_show_what_is_taken_for_what_most_often() {
        let html = shown(31);
        assert!(!html.contains("id=\"matrix\""));
        let (_, pairs) = html.split_once("id=\"pairs\"").unwrap();
        let (_, pairs) = pairs.split_once("<tbody>").unwrap();
        let first = "<tr><td class=\"name\">&lt;5&gt;</td><td class=\"name\">&lt;6&gt;</td><td>4</td></tr>";
        assert!(pairs.starts_with(first), "{pairs}");
        let (pairs, classes) = pairs.split_once("id=\"classes\"").unwrap();
        assert_eq!(pairs.matches("<tr>").count(), LISTED);
        // The class that is never found comes first.
        assert!(classes.contains("<tbody><tr><td class=\"name\" title=\"&lt;5&gt;\">"), "{classes}");
    }
}
