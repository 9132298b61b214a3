//! One line for each stage, for people.

use super::grid;
use crate::text::{magnitude, thousands};
use crate::{Cost, Size, Spec};

const HEADING: [&str; 11] =
    ["stage", "operator", "kernel", "stride", "expansion", "channels", "repeats", "SE", "resolution", "params", "MACs"];

/// The network in aligned columns, and its totals: for a terminal. Channels and resolution are those of a stage's
/// output.
pub fn table(spec: &Spec, image: Size, num_classes: usize) -> String {
    format!("{}\n\n{}\n{}", spec.name, grid::text(&cells(spec, image, num_classes)), totals(spec, image, num_classes))
}

/// The network as a table in Markdown, and its totals: for documentation. Channels and resolution are those of a
/// stage's output.
pub fn markdown(spec: &Spec, image: Size, num_classes: usize) -> String {
    format!("{}\n{}", grid::markdown(&cells(spec, image, num_classes)), totals(spec, image, num_classes))
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

/// The cells of [`table`], the heading first; the first two columns are names, and the others numbers or empty.
pub fn cells(spec: &Spec, image: Size, num_classes: usize) -> Vec<Vec<String>> {
    let costs = spec.costs(image, num_classes);
    let sizes = spec.stage_sizes(image);
    let stem = spec.stem_conv();
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    let size = stem.output(image);
    rows.push(line("stem", "conv", [stem.kernel, stem.stride, stem.out_channels], <_>::default(), size, costs.stem));
    for (index, ((row, &size), &cost)) in spec.rows.iter().zip(&sizes).zip(&costs.stages).enumerate() {
        let se_ratio = if row.se_ratio > 0.0 { row.se_ratio.to_string() } else { String::new() };
        let cells = [row.expansion.to_string(), row.repeats.to_string(), se_ratio];
        let sides = [row.kernel, row.stride, row.out_channels];
        rows.push(line(&(index + 1).to_string(), row.operator.name(), sides, cells, size, cost));
    }
    let last = sizes.last().copied().unwrap_or(Size::ONE);
    let features = spec.settings.num_features;
    rows.push(line("head", "conv, pool, linear", [1, 1, features], <_>::default(), last, costs.head));
    rows
}

/// The line of a stage, or of the stem or the head, which have no expansion, repeats and SE ratio.
fn line(
    part: &str,
    operator: &str,
    [kernel, stride, channels]: [usize; 3],
    [expansion, repeats, se_ratio]: [String; 3],
    size: Size,
    cost: Cost,
) -> Vec<String> {
    vec![
        part.to_owned(),
        operator.to_owned(),
        format!("{kernel}×{kernel}"),
        stride.to_string(),
        expansion,
        channels.to_string(),
        repeats,
        se_ratio,
        size.to_string(),
        thousands(cost.params),
        magnitude(cost.macs),
    ]
}
