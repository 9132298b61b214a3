//! Line charts as SVG.

use effnet_spec::thousands;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figures::short;
use crate::train::error::{Error, Result};

/// Width and height of a chart in its own units; the page scales it.
const SIZE: (u32, u32) = (560, 320);

/// Maximum number of points that a line marks one by one.
const MARKED: usize = 60;

/// Placeholder colours, which `style.css` replaces by those of light and dark pages; it names each of them.
const SERIES: [RGBColor; 4] = [RGBColor(1, 0, 0), RGBColor(2, 0, 0), RGBColor(3, 0, 0), RGBColor(4, 0, 0)];
const GRID: RGBColor = RGBColor(0, 1, 0);
const AXIS: RGBColor = RGBColor(0, 2, 0);
const LABEL: RGBColor = RGBColor(0, 0, 1);

/// Opacity of a line's future part.
const FAINT: f64 = 0.35;

/// A line through points.
pub(super) struct Line {
    /// Index of its colour.
    pub(super) colour: usize,
    pub(super) points: Vec<(i64, f64)>,
    /// Whether each point has a mark, if there are few.
    pub(super) marked: bool,
    /// Whether it shows the future.
    pub(super) faint: bool,
}

/// A chart: lines over epochs or steps.
pub(super) struct Chart<'a> {
    /// Text alternative for screen readers.
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    /// Ranges of the axes.
    pub(super) x_range: (i64, i64),
    pub(super) y_range: (f64, f64),
    pub(super) lines: Vec<Line>,
}

impl Chart<'_> {
    /// The chart as an `svg` element.
    ///
    /// # Errors
    /// When the drawing library refuses the ranges.
    pub(super) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| {
            Error::Setting(format!("the chart \u{201c}{}\u{201d} of the report cannot be drawn: {error}", self.title))
        })?;
        let title = maud::html! { (self.title) }.into_string();
        Ok(svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1))
    }

    fn draw(&self, svg: &mut String) -> std::result::Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let (left, right) = self.x_range;
        let (bottom, top) = self.y_range;
        // An axis needs a non-empty range.
        let top = if top > bottom { top } else { bottom + 1.0 };
        let mut chart = ChartBuilder::on(&area)
            .margin_top(12)
            .margin_right(26)
            .margin_left(8)
            .x_label_area_size(50)
            .y_label_area_size(78)
            .build_cartesian_2d(left..right.max(left + 1), bottom..top)?;
        let label = ("sans-serif", 17).into_font().color(&LABEL);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .x_labels(8)
            .y_labels(6)
            .x_label_formatter(&|x| thousands((*x).max(0) as u64))
            .y_label_formatter(&|y| short(*y))
            .x_label_style(label.pos(Pos::new(HPos::Center, VPos::Top)))
            .y_label_style(label.clone())
            .axis_desc_style(label)
            .x_desc(self.x)
            .y_desc(self.y)
            .draw()?;
        for line in &self.lines {
            let colour = SERIES[line.colour % SERIES.len()].mix(if line.faint { FAINT } else { 1.0 });
            let points = line.points.iter().copied().filter(|(x, y)| (left..=right).contains(x) && y.is_finite());
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            if line.marked && line.points.len() <= MARKED {
                chart.draw_series(points.map(|point| Circle::new(point, 4, colour.filled())))?;
            }
        }
        Ok(area.present()?)
    }
}
