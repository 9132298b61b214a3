//! A chart whose marks say what they are of when they are pointed at.

use std::ops::Range;

use maud::Markup;

use crate::page::axes::Axes;
use crate::train::Result;

/// Width and height of a plot in its own units.
pub(super) const SIZE: (u32, u32) = (680, 420);

/// Room for the numbers and names of its axes, whose text is larger in a narrow window.
pub(super) const ROOM: (u32, u32) = (62, 86);

/// Numbers from which on single far ones do not stretch an axis.
const MANY: usize = 8;

/// Where numbers lie on the page.
pub(super) struct Scale {
    numbers: Range<f64>,
    units: Range<f64>,
}

/// The places of a plot.
pub(super) struct Plane {
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Scale {
    /// The place of a number, in units of the plot, at an end of the axis if it is beyond.
    pub(super) fn at(&self, number: f64) -> f64 {
        let Range { start, end } = self.numbers;
        let share = ((number - start) / (end - start)).clamp(0.0, 1.0);
        self.units.start + share * (self.units.end - self.units.start)
    }

    /// The least and the most of all places.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.units.start.min(self.units.end), self.units.start.max(self.units.end))
    }
}

/// Axes with marks.
///
/// # Errors
/// When the drawing library refuses the ranges.
pub(super) fn svg(axes: &Axes<'_, f64>, marks: impl FnOnce(&Plane) -> Markup) -> Result<String> {
    let mut plane = None;
    let svg = axes.svg(|chart| {
        let (x, y) = chart.plotting_area().get_pixel_range();
        let units = |range: Range<i32>| f64::from(range.start)..f64::from(range.end);
        // Pixels count from the top.
        let (x, y) = (units(x), units(y.end..y.start));
        plane = Some(Plane {
            x: Scale { numbers: axes.x_range.clone(), units: x },
            y: Scale { numbers: axes.y_range.clone(), units: y },
        });
        Ok(())
    })?;
    let marks = plane.map(|plane| marks(&plane).into_string()).unwrap_or_default();
    let (axes, end) = svg.split_at(svg.rfind("</svg>").unwrap_or(svg.len()));
    Ok(format!("{axes}{marks}{end}"))
}

/// An axis on which all numbers have room, but for far ones among many: those beyond three times the distance of the
/// quartiles from them. `kept` are never beyond.
pub(super) fn range(numbers: impl IntoIterator<Item = f64>, kept: impl IntoIterator<Item = f64>) -> Range<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else { return 0.0..1.0 };
    let (mut low, mut high) = (first, last);
    if numbers.len() >= MANY {
        let quartiles = (numbers[numbers.len() / 4], numbers[3 * numbers.len() / 4]);
        let far = 3.0 * (quartiles.1 - quartiles.0);
        (low, high) = (low.max(quartiles.0 - far), high.min(quartiles.1 + far));
    }
    for kept in kept {
        (low, high) = (low.min(kept), high.max(kept));
    }
    // One number alone has no distance to another.
    let room = if high > low { 0.1 * (high - low) } else { 0.1 * high.abs().max(0.1) };
    low - room..high + room
}

/// How many numbers are beyond a range.
pub(super) fn beyond(numbers: impl IntoIterator<Item = f64>, range: &Range<f64>) -> u64 {
    numbers.into_iter().filter(|number| !range.contains(number)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_far_number_does_not_stretch_an_axis() {
        let near = (0..20).map(|step| 0.9 + 0.001 * f64::from(step));
        let all: Vec<f64> = near.chain([0.1]).collect();
        let found = range(all.clone(), []);
        assert!(found.start > 0.8 && found.end < 0.93, "{found:?}");
        assert_eq!(beyond(all.clone(), &found), 1);
        let kept = range(all.clone(), [0.1]);
        assert!(kept.start < 0.1, "{kept:?}");
        assert_eq!(beyond(all, &kept), 0);
    }

    #[test]
    fn an_axis_is_never_empty() {
        for numbers in [vec![], vec![0.0], vec![0.5], vec![1.0; 20], vec![0.2, 0.3]] {
            let found = range(numbers.clone(), []);
            assert!(found.end > found.start && numbers.iter().all(|number| found.contains(number)), "{found:?}");
        }
    }
}
