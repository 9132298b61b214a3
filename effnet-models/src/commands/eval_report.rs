//! The figures of an evaluation, for people and for programs.

use std::cmp::Reverse;
use std::fmt::Write;

use effnet_runtime::train::Evaluation;
use serde::Serialize;

/// The largest number of classes for which people get the whole confusion matrix.
const PRINTED: usize = 20;

/// An evaluation with its classes' names.
#[derive(Serialize)]
pub(super) struct Report {
    name: String,
    images: usize,
    loss: f64,
    top1: f64,
    top5: f64,
    classes: Vec<Class>,
    /// Counts above 0 only.
    confusion: Vec<Taken>,
}

#[derive(Serialize)]
struct Class {
    label: String,
    images: usize,
    /// Share of the class's images that were recognised; null for a class without images.
    accuracy: Option<f64>,
}

/// How often images of one class were predicted as another, or as their own.
#[derive(Serialize)]
struct Taken {
    truth: usize,
    predicted: usize,
    count: usize,
}

impl Report {
    pub(super) fn new(name: &str, label: impl Fn(usize) -> String, evaluation: &Evaluation) -> Self {
        let classes = evaluation.classes.iter().enumerate().map(|(class, score)| Class {
            label: label(class),
            images: score.images,
            accuracy: score.accuracy(),
        });
        let confusion = evaluation.confusion.iter().map(|(truth, predicted, count)| Taken {
            truth: truth as usize,
            predicted: predicted as usize,
            count,
        });
        Self {
            name: name.to_owned(),
            images: evaluation.images,
            loss: evaluation.loss,
            top1: evaluation.top1,
            top5: evaluation.top5,
            classes: classes.collect(),
            confusion: confusion.collect(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let Self { name, images, .. } = self;
        let [top1, top5] = [self.top1, self.top5].map(|share| 100.0 * share);
        let mut text =
            format!("{name}: top-1 {top1:.2} %, top-5 {top5:.2} %, loss {:.4} on {images} images\n\n", self.loss);
        let width = self.classes.iter().map(|class| class.label.chars().count()).max().unwrap_or(0).max(5);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{:width$}  images  accuracy", "class");
        for class in &self.classes {
            let accuracy = class.accuracy.map_or("–".to_owned(), |share| format!("{:.2} %", 100.0 * share));
            let _ = writeln!(text, "{:width$}  {:6}  {accuracy:>8}", class.label, class.images);
        }
        if self.classes.len() <= PRINTED {
            self.write_matrix(&mut text, width);
        } else {
            self.write_mistakes(&mut text);
        }
        text
    }

    fn write_matrix(&self, text: &mut String, width: usize) {
        let mut rows = vec![vec![0; self.classes.len()]; self.classes.len()];
        self.confusion.iter().for_each(|taken| rows[taken.truth][taken.predicted] = taken.count);
        let cell = width.clamp(4, 8);
        let short = |label: &str| label.chars().take(cell).collect::<String>();
        let heads: Vec<String> = self.classes.iter().map(|class| format!("{:>cell$}", short(&class.label))).collect();
        let _ = writeln!(text, "\nconfusion (row: true class, column: predicted)\n{:width$}  {}", "", heads.join(" "));
        for (class, row) in self.classes.iter().zip(rows) {
            let cells: Vec<String> = row.iter().map(|count| format!("{count:cell$}")).collect();
            let _ = writeln!(text, "{:width$}  {}", class.label, cells.join(" "));
        }
    }

    fn write_mistakes(&self, text: &mut String) {
        let mut mistakes: Vec<&Taken> = self.confusion.iter().filter(|taken| taken.truth != taken.predicted).collect();
        mistakes.sort_by_key(|taken| (Reverse(taken.count), taken.truth, taken.predicted));
        let _ = writeln!(text, "\nmost frequent mistakes (--json has all)");
        for Taken { truth, predicted, count } in mistakes.into_iter().take(PRINTED) {
            let [truth, predicted] = [truth, predicted].map(|class| &self.classes[*class].label);
            let _ = writeln!(text, "{count:6}  {truth} taken for {predicted}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(classes: usize) -> Report {
        let class = |class: usize| Class { label: format!("class {class}"), images: 4, accuracy: Some(0.75) };
        let confusion = (0..classes)
            .flat_map(|truth| [(truth, truth, 3), (truth, (truth + 1) % classes, 1)])
            .map(|(truth, predicted, count)| Taken { truth, predicted, count });
        Report {
            name: "tiny".to_owned(),
            images: 4 * classes,
            loss: 0.5,
            top1: 0.75,
            top5: 1.0,
            classes: (0..classes).map(class).collect(),
            confusion: confusion.collect(),
        }
    }

    #[test]
    fn few_classes_print_the_matrix() {
        let wanted = "\
tiny: top-1 75.00 %, top-5 100.00 %, loss 0.5000 on 12 images

class    images  accuracy
class 0       4   75.00 %
class 1       4   75.00 %
class 2       4   75.00 %

confusion (row: true class, column: predicted)
         class 0 class 1 class 2
class 0        3       1       0
class 1        0       3       1
class 2        1       0       3
";
        assert_eq!(report(3).to_text(), wanted);
    }

    #[test]
    fn many_classes_print_their_mistakes() {
        let text = report(30).to_text();
        assert!(text.contains("     1  class 3 taken for class 4"), "{text}");
        assert!(!text.contains("confusion (row"), "{text}");
    }
}
