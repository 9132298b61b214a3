//! Numbers as reports and messages write them.

/// A number with a comma between thousands: `21,458,488`.
pub fn thousands(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousand => format!("{},{:03}", thousands(thousand), number % 1_000),
    }
}

/// A number in four digits and a suffix for thousand, million or billion: `8.366 G`.
pub(crate) fn magnitude(number: u64) -> String {
    let (unit, suffix) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1e3, "k"),
        1_000_000..1_000_000_000 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    let scaled = number as f64 / unit;
    let decimals = match scaled {
        ..10.0 => 3,
        ..100.0 => 2,
        _ => 1,
    };
    format!("{scaled:.decimals$} {suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (21_458_488, "21,458,488")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn shortens_numbers() {
        for (number, text) in [
            (999, "999"),
            (1_000, "1.000 k"),
            (35_766_624, "35.77 M"),
            (718_086_176, "718.1 M"),
            (8_365_617_152, "8.366 G"),
        ] {
            assert_eq!(magnitude(number), text);
        }
    }
}
