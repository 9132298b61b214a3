//! Line charts as SVG.

use effnet_spec::thousands;
use plotters::prelude::*;

use super::axes::{Axes, Undrawn};

/// Width and height of a chart in its own units.
const SIZE: (u32, u32) = (560, 320);

/// Maximum number of points that a line marks one by one.
const MARKED: usize = 60;

/// Placeholder colours, which `style.css` replaces by those of light and dark pages; it names each of them.
const SERIES: [RGBColor; 4] = [RGBColor(1, 0, 0), RGBColor(2, 0, 0), RGBColor(3, 0, 0), RGBColor(4, 0, 0)];

/// Opacity of a line's future part.
const FAINT: f64 = 0.35;

/// A line through points.
pub(crate) struct Line {
    /// Index of its colour.
    pub(crate) colour: usize,
    pub(crate) points: Vec<(i64, f64)>,
    /// Whether each point has a mark, if there are few.
    pub(crate) marked: bool,
    /// Whether it shows the future.
    pub(crate) faint: bool,
}

/// A chart: lines over epochs or steps.
pub(crate) struct Chart<'a> {
    /// Text alternative for screen readers.
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Ranges of the axes.
    pub(crate) x_range: (i64, i64),
    pub(crate) y_range: (f64, f64),
    pub(crate) lines: Vec<Line>,
}

impl Chart<'_> {
    /// The chart as an `svg` element.
    ///
    /// # Errors
    /// When the drawing library refuses the ranges.
    pub(crate) fn svg(&self) -> Result<String, Undrawn> {
        let (left, right) = self.x_range;
        let (bottom, top) = self.y_range;
        // An axis needs a non-empty range.
        let top = if top > bottom { top } else { bottom + 1.0 };
        let axes = Axes {
            title: self.title,
            size: SIZE,
            room: (50, 78),
            x: self.x,
            y: self.y,
            x_range: left..right.max(left + 1),
            y_range: bottom..top,
            x_label: &|x| thousands((*x).max(0) as u64),
            x_labels: 8,
        };
        axes.svg(|chart| {
            for line in &self.lines {
                let colour = SERIES[line.colour % SERIES.len()].mix(if line.faint { FAINT } else { 1.0 });
                let points = line.points.iter().copied().filter(|(x, y)| (left..=right).contains(x) && y.is_finite());
                chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
                if line.marked && line.points.len() <= MARKED {
                    chart.draw_series(points.map(|point| Circle::new(point, 4, colour.filled())))?;
                }
            }
            Ok(())
        })
    }
}
