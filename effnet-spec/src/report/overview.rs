//! One line for each stage, for people.

use super::grid::Grid;
use crate::text::{magnitude, thousands};
use crate::{Cost, Row, Size, Spec};

const HEADING: [&str; 11] =
    ["stage", "operator", "kernel", "stride", "expansion", "channels", "repeats", "SE", "resolution", "params", "MACs"];

/// The network in aligned columns, and its totals: for a terminal. Channels and resolution are those of a stage's
/// output.
pub fn table(spec: &Spec, image: Size, num_classes: usize) -> String {
    format!("{}\n\n{}\n{}", spec.name, grid(spec, image, num_classes).text(), totals(spec, image, num_classes))
}

/// The network as a table in Markdown, and its totals: for documentation. Channels and resolution are those of a
/// stage's output.
pub fn markdown(spec: &Spec, image: Size, num_classes: usize) -> String {
    format!("{}\n{}", grid(spec, image, num_classes).markdown(), totals(spec, image, num_classes))
}

/// The cells of [`table`], the heading first; the first two columns are names, and the others numbers or empty.
pub fn cells(spec: &Spec, image: Size, num_classes: usize) -> Vec<Vec<String>> {
    grid(spec, image, num_classes).into_rows()
}

/// The network's totals, as a sentence.
pub fn totals(spec: &Spec, image: Size, num_classes: usize) -> String {
    let Cost { params, macs, activations, .. } = spec.cost(image, num_classes);
    let (params, classes) = (thousands(params), thousands(num_classes as u64));
    let blocks = spec.num_blocks();
    let (macs, activations) = (magnitude(macs), magnitude(activations));
    format!(
        "{params} parameters for {classes} classes in {blocks} blocks; {macs} MACs and {activations} activations for \
         an image of {image} pixels.\n"
    )
}

fn grid(spec: &Spec, image: Size, num_classes: usize) -> Grid {
    let costs = spec.costs(image, num_classes);
    let sizes = spec.stage_sizes(image);
    let stem = spec.stem_conv();
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    rows.push(end("stem", "conv", [stem.kernel, stem.stride, stem.out_channels], stem.output(image), costs.stem));
    for (index, ((row, &size), &cost)) in spec.rows.iter().zip(&sizes).zip(&costs.stages).enumerate() {
        rows.push(stage(index + 1, row, size, cost));
    }
    let last = sizes.last().copied().unwrap_or(Size::ONE);
    let features = spec.settings.num_features;
    rows.push(end("head", "conv, pool, linear", [1, 1, features], last, costs.head));
    Grid::new(rows)
}

/// The line of the stem or the head.
fn end(part: &str, operator: &str, [kernel, stride, channels]: [usize; 3], size: Size, cost: Cost) -> Vec<String> {
    let side = format!("{kernel}×{kernel}");
    let none = String::new;
    let shape = [side, stride.to_string(), none(), channels.to_string(), none(), none(), size.to_string()];
    line(part, operator, shape, cost)
}

fn stage(number: usize, row: &Row, size: Size, cost: Cost) -> Vec<String> {
    let Row { repeats, kernel, stride, expansion, out_channels, .. } = row;
    let se_ratio = if row.se_ratio > 0.0 { row.se_ratio.to_string() } else { String::new() };
    let shape = [
        format!("{kernel}×{kernel}"),
        stride.to_string(),
        expansion.to_string(),
        out_channels.to_string(),
        repeats.to_string(),
        se_ratio,
        size.to_string(),
    ];
    line(&number.to_string(), row.operator.name(), shape, cost)
}

fn line(stage: &str, operator: &str, shape: [String; 7], cost: Cost) -> Vec<String> {
    let mut cells = vec![stage.to_owned(), operator.to_owned()];
    cells.extend(shape);
    cells.extend([thousands(cost.params), magnitude(cost.macs)]);
    cells
}
