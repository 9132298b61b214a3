//! Number formats of the pages.

use effnet_spec::thousands;

/// `97.50 %`; a dash for NaN and infinities.
pub(crate) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2} %", 100.0 * share) } else { "–".to_owned() }
}

/// `0.0831`; a dash for NaN and infinities.
pub(crate) fn decimals(number: f64) -> String {
    if number.is_finite() { format!("{number:.4}") } else { "–".to_owned() }
}

/// `812,345`, `21.46 M` or `8.37 G`.
pub(crate) fn count(number: u64) -> String {
    match number as f64 {
        units if units < 1e6 => thousands(number),
        units if units < 1e9 => format!("{:.2} M", units / 1e6),
        units => format!("{:.2} G", units / 1e9),
    }
}

/// A probability with enough digits to tell it from 0 and 1: `99.3 %`, `0.02 %`, `< 0.01 %`.
pub(crate) fn probability(share: f64) -> String {
    match 100.0 * share {
        percent if !percent.is_finite() => "–".to_owned(),
        percent if percent < 0.01 => "< 0.01 %".to_owned(),
        percent if percent < 1.0 => format!("{percent:.2} %"),
        percent if percent > 99.9 => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// A rate or an axis mark, with as few digits as it needs.
pub(crate) fn short(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&size) {
        let text = format!("{number:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let places = (3 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{number:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!([0.975, 1.0, f64::NAN].map(percent), ["97.50 %", "100.00 %", "–"]);
        assert_eq!([0.08314, f64::INFINITY].map(decimals), ["0.0831", "–"]);
        assert_eq!([812_345, 21_458_488, 8_366_000_000].map(count), ["812,345", "21.46 M", "8.37 G"]);
        let shares = [0.0, 0.0002, 0.005, 0.5, 0.9931, 0.9999, f64::NAN];
        assert_eq!(shares.map(probability), ["< 0.01 %", "0.02 %", "0.50 %", "50.0 %", "99.3 %", "> 99.9 %", "–"]);
        let marks = [0.0, 0.300_000_000_004, 2.5, 100.0, 12_345.0, 5e-4, 1.25e-5, 0.002];
        assert_eq!(marks.map(short), ["0", "0.3", "2.5", "100", "12345", "5e-4", "1.25e-5", "0.002"]);
    }
}
