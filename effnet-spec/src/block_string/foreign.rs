//! Block strings of other programs, and what they are here.

use std::collections::BTreeMap;

use crate::mistake::block_key;
use crate::{Column, Mistake};

/// What the parts of timm's notation are, each a key with its value (`_efficientnet_builder.py`,
/// `_decode_block_str`).
type Parts<'a> = BTreeMap<&'a str, &'a str>;

/// timm's operators that the DSL has under other names.
const OPERATORS: [&str; 5] = ["ir", "ds", "dsa", "er", "cn"];

/// timm's operators that it does not have, and what they are.
const BEYOND: [(&str, &str); 7] = [
    ("uir", "universal inverted bottlenecks"),
    ("mqa", "attention"),
    ("mha", "attention"),
    ("cc", "conditional convolutions"),
    ("gh", "ghost modules"),
    ("ghost", "ghost modules"),
    ("bb", "ResNet's blocks"),
];

/// The mistake of a string in timm's notation, if it is one: an operator in front, channels out behind `c`, and no
/// channels in.
pub(super) fn timm(text: &str) -> Option<Mistake> {
    let (first, rest) = text.split_once('_').unwrap_or((text, ""));
    if let Some((_, things)) = BEYOND.into_iter().find(|(name, _)| *name == first) {
        return Some(Mistake::Beyond { things, instead: "" });
    }
    let operator = OPERATORS.into_iter().find(|name| *name == first);
    let parts: Parts<'_> = operator.map_or(text, |_| rest).split('_').map(split_key).collect();
    let channels = *parts.get("c").unwrap_or(&"…");
    let is_timm = match operator {
        Some(_) => true,
        None => channels.parse::<usize>().is_ok_and(|code| code > 2) && !parts.contains_key("o"),
    };
    if !is_timm {
        return None;
    }
    let beyond = ["k", "a", "p"].iter().any(|key| parts.get(key).is_some_and(|kernels| kernels.contains('.')));
    let things = match () {
        () if beyond => Some("mixed kernels"),
        () if parts.contains_key("cc") => Some("conditional convolutions"),
        () if parts.contains_key("d") => Some("convolutions from space to depth"),
        () => None,
    };
    if let Some(things) = things {
        return Some(Mistake::Beyond { things, instead: "" });
    }
    let operator_is = operator.map_or_else(String::new, |operator| format!("`{operator}` is an operator and "));
    let what = format!("{operator_is}`c{channels}` are channels out");
    Some(Mistake::Timm { what, write: translate(operator.unwrap_or("ir"), channels, &parts) })
}

/// A part's letters and what stands behind them.
fn split_key(part: &str) -> (&str, &str) {
    part.split_at(part.find(|letter: char| letter.is_ascii_digit()).unwrap_or(part.len()))
}

/// The row of a string in timm's notation: a block string where that can say it, else cells with options. Dots stand
/// for what timm's string does not say.
fn translate(operator: &str, channels: &str, parts: &Parts<'_>) -> String {
    let [repeats, kernel, stride] = ["r", "k", "s"].map(|key| *parts.get(key).unwrap_or(&"…"));
    let expansion = if matches!(operator, "ir" | "er") { *parts.get("e").unwrap_or(&"…") } else { "1" };
    let ratio = parts.get("se").copied();
    let (options, expansion) = options(operator, expansion, parts);
    if options.is_empty() && operator != "cn" {
        let code = if operator == "er" { "_c1" } else { "" };
        let ratio = ratio.map_or_else(String::new, |ratio| format!("_se{ratio}"));
        let skip = if has_no_shortcut(operator, parts) { "_noskip" } else { "" };
        return format!("\"r{repeats}_k{kernel}_s{stride}_e{expansion}_i…_o{channels}{code}{ratio}{skip}\"");
    }
    let name = match operator {
        "er" => "fused",
        "cn" => "conv",
        _ => "mbconv",
    };
    let mut options = options;
    if has_no_shortcut(operator, parts) && operator != "cn" {
        options.push("shortcut: false".to_owned());
    }
    let options = if options.is_empty() { String::new() } else { format!(", {{ {} }}", options.join(", ")) };
    let ratio = ratio.unwrap_or("0");
    format!("[{repeats}, {kernel}, {stride}, {expansion}, …, {channels}, {name}, {ratio}{options}]")
}

/// The options of a row that a block string cannot say, and its cell of the expansion.
fn options(operator: &str, expansion: &str, parts: &Parts<'_>) -> (Vec<String>, String) {
    let mut options = Vec::new();
    let mut expansion = expansion.to_owned();
    if let Some(forced) = parts.get("fc").and_then(|channels| channels.parse::<usize>().ok())
        && let Ok(ratio) = expansion.parse::<usize>()
    {
        options.push(format!("expanded: {}", forced.saturating_mul(ratio)));
        expansion = "_".to_owned();
    } else if matches!(operator, "ir" | "er") && expansion == "1" {
        options.push("expand_conv: true".to_owned());
    }
    if operator == "dsa" {
        options.push("project_activation: true".to_owned());
    }
    if operator == "cn" && parts.contains_key("skip") {
        options.push("shortcut: true".to_owned());
    }
    let activation = [("nre", "relu"), ("nr", "relu6"), ("nhs", "hard_swish"), ("nsw", "silu")];
    let activation = activation.into_iter().find(|(key, _)| parts.contains_key(key));
    options.extend(activation.map(|(_, name)| format!("activation: {name}")));
    (options, expansion)
}

/// timm's `dsa` never has one.
fn has_no_shortcut(operator: &str, parts: &Parts<'_>) -> bool {
    operator == "dsa" || parts.contains_key("noskip")
}

/// The mistake of a stride in EfficientNet V1's files, which say it for height and width.
pub(super) fn v1_stride(column: Column, value: &str) -> Option<Mistake> {
    let write = match (column, value) {
        (Column::Stride, "11") => "s1",
        (Column::Stride, "22") => "s2",
        _ => return None,
    };
    Some(Mistake::StrideTwice { text: value.to_owned(), write: write.to_owned() })
}

/// A string as it would be by the notation's own rules, and the rules that it breaks.
pub(super) fn tidy(text: &str) -> Option<(String, Vec<&'static str>)> {
    let mut rules = Vec::new();
    let parts: Vec<&str> = text.split(|letter| letter == '_' || is_separator(letter)).collect();
    let filled = parts.iter().copied().filter(|part| !part.is_empty());
    let lower: Vec<String> = filled.clone().map(with_lower_key).collect();
    if !filled.clone().eq(lower.iter()) {
        rules.push("the keys of a block string are small letters");
    }
    if text.contains(is_separator) {
        rules.push("the parts of a block string are separated by `_` alone");
    } else if lower.len() < parts.len() {
        rules.push("no part of a block string is empty");
    }
    (!rules.is_empty() && !lower.is_empty()).then(|| (lower.join("_"), rules))
}

/// A part with its key in small letters, if it is one then.
fn with_lower_key(part: &str) -> String {
    let (key, value) = split_key(part);
    let lower = key.to_lowercase();
    let is_key = Column::ALL.into_iter().any(|column| block_key(column) == lower);
    if is_key { format!("{lower}{value}") } else { part.to_owned() }
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, ',' | ';' | '|' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translation(text: &str) -> String {
        match timm(text) {
            Some(Mistake::Timm { write, .. }) => write,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// Rows of timm's `efficientnet.py`, and of `mobilenetv3.py`.
    #[test]
    fn timms_rows_are_translated() {
        for (text, row) in [
            ("ds_r1_k3_s1_e1_c16_se0.25", "\"r1_k3_s1_e1_i…_o16_se0.25\""),
            ("ir_r2_k3_s2_e6_c24_se0.25", "\"r2_k3_s2_e6_i…_o24_se0.25\""),
            ("er_r4_k3_s2_e4_c48", "\"r4_k3_s2_e4_i…_o48_c1\""),
            ("ir_r1_k5_s2_e6_c24_noskip", "\"r1_k5_s2_e6_i…_o24_noskip\""),
            ("cn_r1_k3_s1_e1_c16_skip", "[1, 3, 1, 1, …, 16, conv, 0, { shortcut: true }]"),
            ("cn_r1_k1_s1_c960", "[1, 1, 1, 1, …, 960, conv, 0]"),
            ("er_r1_k3_s1_e4_c24_fc24_noskip", "[1, 3, 1, _, …, 24, fused, 0, { expanded: 96, shortcut: false }]"),
            ("ir_r1_k3_s1_e1_c16", "[1, 3, 1, 1, …, 16, mbconv, 0, { expand_conv: true }]"),
            ("ds_r1_k3_s1_e1_c16_nre", "[1, 3, 1, 1, …, 16, mbconv, 0, { activation: relu }]"),
            ("ir_r1_k3_s2_e4_c24_se0.25_nhs", "[1, 3, 2, 4, …, 24, mbconv, 0.25, { activation: hard_swish }]"),
            ("dsa_r1_k3_s2_c64", "[1, 3, 2, 1, …, 64, mbconv, 0, { project_activation: true, shortcut: false }]"),
            ("r2_k3_s2_e6_c24", "\"r2_k3_s2_e6_i…_o24\""),
            ("ir_r2", "\"r2_k…_s…_e…_i…_o…\""),
        ] {
            assert_eq!(translation(text), row, "{text}");
        }
    }

    #[test]
    fn what_the_dsl_lacks_is_named() {
        for (text, things) in [
            ("uir_r1_k3_s1_e4_c32", "universal inverted bottlenecks"),
            ("mqa_r1_k3_h4_s1_v2_d64_c80", "attention"),
            ("ir_r1_k3.5.7_s2_e6_c32", "mixed kernels"),
            ("ir_r1_k3_a1.1_p1.1_s2_e6_c32", "mixed kernels"),
            ("ir_r4_k3_s2_e6_c192_se0.25_cc4", "conditional convolutions"),
        ] {
            assert_eq!(timm(text), Some(Mistake::Beyond { things, instead: "" }), "{text}");
        }
        assert_eq!(timm("r2_k3_s2_e6_i16_o24_c1"), None);
    }
}
