//! The summary for machines.

use crate::{Cost, Expansion, Row, Size, Spec, Squeeze, table_text};

/// The network, its parts and its totals as one JSON object. A row of the table is a member of `stages`, with its options
/// where it has any; `settings` are those that are not at their default, as a table has them. `image` and each row's
/// `output` are height and width; `activations` are numbers, not bytes; all counts are for one image.
pub fn json(spec: &Spec, image: Size, num_classes: usize) -> String {
    let costs = spec.costs(image, num_classes);
    let rows = spec.rows.iter().zip(spec.row_sizes(image)).zip(&costs.rows);
    let rows: Vec<_> = rows.map(|((row, size), &cost)| format!("    {}", self::row(row, size, cost))).collect();
    let name = string(&spec.name);
    let Size { height, width } = image;
    let total = counts(costs.total());
    let blocks = spec.num_blocks();
    let forward_backward = spec.forward_backward_bytes(image, num_classes);
    let train_activations = spec.train_activation_bytes(image, num_classes);
    let (stem, head) = (counts(costs.stem), counts(costs.head));
    let stages = rows.join(",\n");
    let settings: Vec<_> =
        table_text::changed(&spec.settings).map(|(key, text)| format!("\"{key}\": {}", value(&text))).collect();
    let settings = settings.join(", ");
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
  "head": {{ {head} }},
  "settings": {{ {settings} }}
}}
"#
    )
}

fn row(row: &Row, output: Size, cost: Cost) -> String {
    let Row { repeats, kernel, stride, in_channels, out_channels, operator, .. } = row;
    let expansion = match row.expansion {
        Expansion::Ratio(ratio) => ratio.to_string(),
        Expansion::Channels(_) => "null".to_owned(),
    };
    let se_ratio = match row.squeeze {
        Squeeze::Ratio(ratio) => ratio.to_string(),
        Squeeze::Channels(_) => "null".to_owned(),
    };
    let Size { height, width } = output;
    let cost = counts(cost);
    let options: Vec<_> = row.options().map(|(option, text)| format!(", \"{option}\": {}", value(&text))).collect();
    let options = options.concat();
    format!(
        "{{ \"repeats\": {repeats}, \"kernel\": {kernel}, \"stride\": {stride}, \"expansion\": {expansion}, \
         \"in\": {in_channels}, \"out\": {out_channels}, \"operator\": \"{operator}\", \"se_ratio\": {se_ratio}{options}, \
         \"output\": [{height}, {width}], {cost} }}"
    )
}

/// A table's value in JSON: a number, a flag or a list as it is, a name in quotes.
fn value(text: &str) -> String {
    let is_name = text.starts_with(|first: char| first.is_alphabetic()) && !matches!(text, "true" | "false");
    if is_name { string(text) } else { text.to_owned() }
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
