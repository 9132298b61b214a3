//! One line for each stage, for people.

use super::grid;
use crate::plan::LayerKind;
use crate::text::{magnitude, thousands};
use crate::{Cost, Expansion, RowOption, Size, Spec, Squeeze, table_text};

const HEADING: [&str; 11] =
    ["stage", "operator", "kernel", "stride", "expansion", "channels", "repeats", "SE", "resolution", "params", "MACs"];

/// The heading of a further column, which a table has where a row has options that no other column shows.
const OPTIONS: &str = "options";

/// The network in aligned columns, and its totals: for a terminal. Channels and resolution are those of a stage's
/// output.
pub fn table(spec: &Spec, image: Size, num_classes: usize) -> String {
    let grid = grid::text(&cells(spec, image, num_classes));
    format!("{}\n\n{grid}\n{}{}", spec.name, totals(spec, image, num_classes), settings(spec).replace('`', ""))
}

/// The network as a table in Markdown, and its totals: for documentation. Channels and resolution are those of a
/// stage's output.
pub fn markdown(spec: &Spec, image: Size, num_classes: usize) -> String {
    let grid = grid::markdown(&cells(spec, image, num_classes));
    format!("{grid}\n{}\n{}", totals(spec, image, num_classes), settings(spec))
}

/// The settings that are not at their default, as a sentence, or nothing.
pub fn settings(spec: &Spec) -> String {
    match table_text::written(&spec.settings) {
        settings if settings.is_empty() => settings,
        settings => format!("Settings: `{settings}`.\n"),
    }
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

/// The cells of [`table`], the heading first; the first two columns are names, and the others numbers, options or empty.
pub fn cells(spec: &Spec, image: Size, num_classes: usize) -> Vec<Vec<String>> {
    let costs = spec.costs(image, num_classes);
    let sizes = spec.row_sizes(image);
    let stem = spec.stem_conv();
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    let size = stem.output(image);
    rows.push(line("stem", "conv", [stem.kernel, stem.stride, stem.out_channels], <_>::default(), size, costs.stem));
    let stages = spec.rows.iter().zip(spec.stage_of_rows()).zip(sizes.iter().zip(&costs.rows));
    for ((row, stage), (&size, &cost)) in stages {
        let name = if row.same_stage { String::new() } else { (stage + 1).to_string() };
        let expansion = match row.expansion {
            Expansion::Ratio(ratio) => ratio.to_string(),
            Expansion::Channels(channels) => format!("{channels} ch"),
        };
        let squeeze = match row.squeeze {
            Squeeze::Ratio(0.0) => String::new(),
            Squeeze::Ratio(ratio) => ratio.to_string(),
            Squeeze::Channels(channels) => format!("{channels} ch"),
        };
        let sides = [row.kernel, row.stride, row.out_channels];
        rows.push(line(&name, row.operator.name(), sides, [expansion, row.repeats.to_string(), squeeze], size, cost));
    }
    rows.push(head_line(spec, sizes.last().copied().unwrap_or(Size::ONE), num_classes, costs.head));
    add_options(spec, &mut rows);
    rows
}

/// The line of the head, whose input is of this size. A head without a convolution has no kernel.
fn head_line(spec: &Spec, input: Size, num_classes: usize, cost: Cost) -> Vec<String> {
    let (mut layers, size) = match spec.head().map(|site| site.layer.kind) {
        None => (vec!["pool"], input),
        Some(LayerKind::Pooled(_)) => (vec!["pool", "conv"], Size::ONE),
        Some(LayerKind::Conv(_) | LayerKind::SqueezeExcite(_)) => (vec!["conv", "pool"], input),
    };
    if num_classes > 0 {
        layers.push("linear");
    }
    let mut cells = line("head", &layers.join(", "), [1, 1, spec.num_features()], <_>::default(), size, cost);
    if spec.head().is_none() {
        cells[2..4].fill(String::new());
    }
    cells
}

/// Adds a column with the options that no other column shows, if there are any.
fn add_options(spec: &Spec, rows: &mut [Vec<String>]) {
    let shown = [RowOption::SameStage, RowOption::Expanded, RowOption::Squeezed];
    let options = spec.rows.iter().map(|row| {
        let hidden = row.options().filter(|(option, _)| !shown.contains(option));
        hidden.map(|(option, value)| format!("{option}: {value}")).collect::<Vec<_>>().join(", ")
    });
    let options: Vec<String> = options.collect();
    if options.iter().all(String::is_empty) {
        return;
    }
    let (heading, stem, head) = (OPTIONS.to_owned(), String::new(), String::new());
    let column = [heading, stem].into_iter().chain(options).chain([head]);
    rows.iter_mut().zip(column).for_each(|(row, cell)| row.push(cell));
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
