//! The axes of a chart as SVG, by `plotters`.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figures::short;

/// Placeholder colours, which `style.css` replaces by those of light and dark pages; it names each of them.
const GRID: RGBColor = RGBColor(0, 1, 0);
const AXIS: RGBColor = RGBColor(0, 2, 0);
const LABEL: RGBColor = RGBColor(0, 0, 1);

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart \u{201c}{title}\u{201d} of the report cannot be drawn: {reason}")]
pub(crate) struct Undrawn {
    title: String,
    reason: String,
}

/// What the library complains about.
pub(crate) type Complaint = Box<dyn std::error::Error>;

/// The library's chart.
pub(crate) type Drawing<'a, 'b, X> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<<Range<X> as AsRangedCoord>::CoordDescType, RangedCoordf64>>;

/// Two axes with numbers.
pub(crate) struct Axes<'a, X> {
    /// Text alternative for screen readers.
    pub(crate) title: &'a str,
    /// Width and height of the chart in its own units; the page scales it.
    pub(crate) size: (u32, u32),
    /// Room for the numbers and names of both axes: below the first and left of the second.
    pub(crate) room: (u32, u32),
    /// What the axes are of.
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Ranges of the axes, each of which holds more than one number.
    pub(crate) x_range: Range<X>,
    pub(crate) y_range: Range<f64>,
    /// Writes a number beside the first axis, which has about so many.
    pub(crate) x_label: &'a dyn Fn(&X) -> String,
    pub(crate) x_labels: usize,
}

impl<X> Axes<'_, X>
where
    X: Clone + 'static,
    Range<X>: AsRangedCoord<Value = X>,
    <Range<X> as AsRangedCoord>::CoordDescType: Ranged<ValueType = X> + ValueFormatter<X>,
{
    /// The chart as an `svg` element: the axes, and what `draw` draws within them.
    ///
    /// # Errors
    /// When the drawing library refuses the ranges, or `draw` fails.
    pub(crate) fn svg(
        &self,
        draw: impl FnOnce(&mut Drawing<'_, '_, X>) -> Result<(), Complaint>,
    ) -> Result<String, Undrawn> {
        let mut svg = String::new();
        self.draw(&mut svg, draw)
            .map_err(|reason| Undrawn { title: self.title.to_owned(), reason: reason.to_string() })?;
        let title = maud::html! { (self.title) }.into_string();
        Ok(svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1))
    }

    fn draw(
        &self,
        svg: &mut String,
        draw: impl FnOnce(&mut Drawing<'_, '_, X>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let area = SVGBackend::with_string(svg, self.size).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(12)
            .margin_right(26)
            .margin_left(8)
            .x_label_area_size(self.room.0)
            .y_label_area_size(self.room.1)
            .build_cartesian_2d(self.x_range.clone(), self.y_range.clone())?;
        let label = ("sans-serif", 17).into_font().color(&LABEL);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .x_labels(self.x_labels)
            .y_labels(6)
            .x_label_formatter(self.x_label)
            .y_label_formatter(&|y| short(*y))
            .x_label_style(label.pos(Pos::new(HPos::Center, VPos::Top)))
            .y_label_style(label.clone())
            .axis_desc_style(label)
            .x_desc(self.x)
            .y_desc(self.y)
            .draw()?;
        draw(&mut chart)?;
        Ok(area.present()?)
    }
}
