//! The documentation of a model's type, and of its feature maps.

use std::collections::BTreeMap;

use effnet_spec::{Block, Size, Spec, report};
use syn::{Attribute, Meta};

/// What stands behind the user's own documentation: the architecture's summary table, an example, and the names of the
/// parameters. Where the user wrote nothing, a first sentence too.
pub(crate) fn model(attrs: &[Attribute], spec: &Spec) -> String {
    // Unlike `#[doc(alias = "…")]`, which says nothing to a reader.
    let documented = attrs.iter().any(|attr| attr.path().is_ident("doc") && matches!(attr.meta, Meta::NameValue(_)));
    let intro = if documented { "" } else { "An image classifier of the EfficientNetV2 family.\n" };
    let architecture = report::markdown(spec, Size::square(spec.settings.default_size()), 1_000);
    let (example, parameters) = (example(spec), parameters(spec));
    format!("{intro}\n# Architecture\n\n{architecture}\n# Example\n\n{example}\n# Parameters\n\n{parameters}")
}

fn example(spec: &Spec) -> String {
    let Spec { name, settings, .. } = spec;
    let (channels, size, last) = (settings.in_channels, settings.default_size(), spec.stages().count());
    format!(
        "```text\nlet params = Params::new(0);\nlet model = {name}::new(10, params.builder())?;\n\
         // Logits [N, 10] of images [N, {channels}, {size}, {size}].\n\
         let logits = model.eval().forward(&images)?;\n\
         // The last stage's feature map, in a step of training.\nlet stage_{last} = model.features_t(&images, true)?.stage_{last};\n```\n"
    )
}

/// The names of all parameters and buffers, those of a stage's equal blocks as patterns.
fn parameters(spec: &Spec) -> String {
    let blocks: Vec<Block> = spec.blocks().collect();
    let layers = |block: &Block| block.sites().map(|site| site.layer.name).collect::<Vec<_>>();
    let runs = blocks.chunk_by(|one, next| one.stage == next.stage && layers(one) == layers(next));
    let runs: BTreeMap<usize, usize> = runs.map(|run| (run[0].index, run[run.len() - 1].index)).collect();
    let pattern = |name: String| {
        let Some((block, name_in_block)) = name.strip_prefix("blocks.").and_then(|rest| rest.split_once('.')) else {
            return Some(name);
        };
        let first: usize = block.parse().ok()?;
        let last = *runs.get(&first)?;
        let block = if first == last { block.to_owned() } else { format!("{{{first}..{last}}}") };
        Some(format!("blocks.{block}.{name_in_block}"))
    };
    let names: Vec<String> = spec.parameters(1).filter_map(|(name, _)| pattern(name)).collect();
    let module = |name: &str| name.rfind('.').map_or(0, |dot| dot + 1);
    let modules = names.chunk_by(|one, next| one[..module(one)] == next[..module(next)]).map(|params| {
        let (module, first) = params[0].split_at(module(&params[0]));
        match params {
            [_] => format!("- `{module}{first}`\n"),
            _ => {
                let names: Vec<&str> = params.iter().map(|name| &name[module.len()..]).collect();
                format!("- `{module}{{{}}}`\n", names.join(", "))
            }
        }
    });
    format!("`{{2..5}}` stands for 2, 3, 4 and 5.\n\n{}", modules.collect::<String>())
}

/// A sentence for each feature map, the stem's and the stages'.
pub(crate) fn feature_maps(spec: &Spec) -> Vec<String> {
    let mut stride = 2_usize;
    let stem = format!("The stem: {} channels, 1/{stride} of the image's side.", spec.stem_channels());
    let stages = (1..).zip(spec.stages()).map(|(stage, rows)| {
        // A faulty table has any strides.
        stride = rows.iter().fold(stride, |stride, row| stride.saturating_mul(row.stride));
        let channels = rows.last().map_or(0, |row| row.out_channels);
        format!("Stage {stage}: {channels} channels, 1/{stride} of the image's side.")
    });
    std::iter::once(stem).chain(stages).collect()
}
