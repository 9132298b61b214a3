//! The summary for machines.

use crate::{Cost, Row, Size, Spec};

/// The network, its parts and its totals as one JSON object. `image` and each stage's `output` are height and width;
/// `activations` are numbers, not bytes; all counts are for one image.
pub fn json(spec: &Spec, image: Size, num_classes: usize) -> String {
    let costs = spec.costs(image, num_classes);
    let stages = spec.rows.iter().zip(spec.stage_sizes(image)).zip(&costs.stages);
    let stages: Vec<_> = stages.map(|((row, size), &cost)| format!("    {}", stage(row, size, cost))).collect();
    let name = string(&spec.name);
    let Size { height, width } = image;
    let total = counts(costs.total());
    let blocks = spec.num_blocks();
    let forward_backward = spec.forward_backward_bytes(image, num_classes);
    let train_activations = spec.train_activation_bytes(image, num_classes);
    let (stem, head) = (counts(costs.stem), counts(costs.head));
    let stages = stages.join(",\n");
    format!(
        r#"{{
  "name": {name},
  "image": [{height}, {width}],
  "classes": {num_classes},
  "blocks": {blocks},
  {total},
  "forward_backward_bytes": {forward_backward},
  "train_activation_bytes": {train_activations},
  "stem": {{ {stem} }},
  "stages": [
{stages}
  ],
  "head": {{ {head} }}
}}
"#
    )
}

fn stage(row: &Row, output: Size, cost: Cost) -> String {
    let Row { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = row;
    let Size { height, width } = output;
    let cost = counts(cost);
    format!(
        "{{ \"repeats\": {repeats}, \"kernel\": {kernel}, \"stride\": {stride}, \"expansion\": {expansion}, \
         \"in\": {in_channels}, \"out\": {out_channels}, \"operator\": \"{operator}\", \"se_ratio\": {se_ratio}, \
         \"output\": [{height}, {width}], {cost} }}"
    )
}

fn counts(cost: Cost) -> String {
    let Cost { params, buffers, macs, activations } = cost;
    format!("\"params\": {params}, \"buffers\": {buffers}, \"macs\": {macs}, \"activations\": {activations}")
}

/// A string as JSON writes it.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..' ' => quoted += &format!("\\u{:04x}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}
