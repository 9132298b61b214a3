//! Words and figures of the report.

use effnet_spec::{Row, thousands};

use crate::search::settings::Measure;

/// `1.52 ×`.
pub(super) fn times(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

/// `270 ms`, `12.3 ms`; a dash where no clock measured it.
pub(super) fn milliseconds(time: Option<f64>) -> String {
    match time.filter(|time| time.is_finite()) {
        None => "–".to_owned(),
        Some(time) if time < 100.0 => format!("{time:.1} ms"),
        Some(time) => format!("{} ms", thousands(time.round() as u64)),
    }
}

/// What the time is the time of.
pub(super) fn timed(measure: Measure) -> &'static str {
    match measure {
        Measure::Step => "training step",
        Measure::Inference => "inference",
    }
}

/// Operator and kernel, then expansion and layers, of a stage: `fused k3`, `e4 ×2`.
pub(super) fn stage(row: &Row) -> [String; 2] {
    [format!("{} k{}", row.operator, row.kernel), format!("e{} ×{}", row.expansion, row.repeats)]
}

/// The number of a space's networks in a word: `2.2 billion`, or `1.2e22` where there is none.
pub(super) fn networks(size: u128) -> String {
    let units = [(1e12, "trillion"), (1e9, "billion"), (1e6, "million")];
    let number = size as f64;
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, _)) if number >= 1000.0 * unit => format!("{number:.1e}"),
        Some((unit, word)) => format!("{} {word}", significant(number / unit)),
        None => thousands(size as u64),
    }
}

/// A number with two digits or all before the point, without a zero behind it.
fn significant(number: f64) -> String {
    let places = usize::from(number < 10.0);
    let text = format!("{number:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// All digits of the number of a space's networks.
pub(super) fn digits(size: u128) -> String {
    let digits = size.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [None, Some(12.34), Some(1_270.4), Some(f64::NAN)].map(milliseconds),
            ["–", "12.3 ms", "1,270 ms", "–"]
        );
        let sizes = [36, 2_000_000, 36_u128.pow(6), 36_u128.pow(7), 36_u128.pow(12)];
        assert_eq!(sizes.map(networks), ["36", "2 million", "2.2 billion", "78 billion", "4.7e18"]);
        assert_eq!([36, 36_u128.pow(6)].map(digits), ["36", "2,176,782,336"]);
    }
}
