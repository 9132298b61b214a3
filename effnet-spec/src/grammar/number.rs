//! Number literals.

use super::messages;

/// A decimal number, `digits · 10^exponent`, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The literal, sign and suffix included.
    pub text: String,
    negative: bool,
    digits: u128,
    exponent: i32,
    /// Written with a point or an exponent.
    float: bool,
    value: f64,
    suffix: String,
}

impl Number {
    /// Reads a literal as rustc and the text lexer deliver it, without its sign.
    pub(super) fn parse(literal: &str, negative: bool) -> Result<Self, String> {
        let text = if negative { format!("-{literal}") } else { literal.to_owned() };
        if literal.starts_with("0x") || literal.starts_with("0o") || literal.starts_with("0b") {
            return Err(messages::not_decimal(&text));
        }
        let (plain, suffix) = split_suffix(literal);
        let plain: String = plain.chars().filter(|&character| character != '_').collect();
        let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((&plain, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let too_long = || messages::number_too_large(&text);
        let digits = format!("{whole}{fraction}").parse().map_err(|_| too_long())?;
        let exponent = exponent.parse::<i32>().map_err(|_| too_long())?;
        let exponent = exponent.checked_sub(fraction.len() as i32).ok_or_else(too_long)?;
        let magnitude: f64 = plain.parse().map_err(|_| too_long())?;
        Ok(Self {
            negative,
            digits,
            exponent,
            float: plain.len() > whole.len(),
            value: if negative { -magnitude } else { magnitude },
            suffix: suffix.to_owned(),
            text,
        })
    }

    /// The number, if it has no suffix and is finite.
    pub(super) fn real(&self) -> Result<f64, String> {
        self.refuse_suffix()?;
        if self.value.is_finite() { Ok(self.value) } else { Err(messages::number_too_large(&self.text)) }
    }

    /// The number, if it is written as a whole one, without sign and suffix.
    pub(super) fn whole(&self, what: &str, legal: &str) -> Result<usize, String> {
        self.refuse_suffix()?;
        if self.negative || self.float {
            return Err(messages::not_legal(what, legal, &self.text));
        }
        usize::try_from(self.digits).map_err(|_| messages::number_too_large(&self.text))
    }

    /// The number of things that a budget names: positive and whole after its suffix `k`, `M` or `G` is applied.
    pub(super) fn count(&self, what: &str) -> Result<u64, String> {
        let thousands = match self.suffix.as_str() {
            "" => 0,
            "k" => 3,
            "M" => 6,
            "G" => 9,
            _ => return Err(messages::unknown_magnitude(what, &self.text, &self.suffix)),
        };
        let exponent = self.exponent.saturating_add(thousands);
        let power = 10_u128.checked_pow(exponent.unsigned_abs());
        let count = match (power, exponent < 0) {
            (Some(power), true) => self.digits.is_multiple_of(power).then_some(self.digits / power),
            (Some(power), false) => {
                let count = self.digits.checked_mul(power);
                Some(count.ok_or_else(|| messages::number_too_large(&self.text))?)
            }
            (None, true) => (self.digits == 0).then_some(0),
            (None, false) => return Err(messages::number_too_large(&self.text)),
        };
        match count {
            Some(count) if count > 0 && !self.negative => {
                u64::try_from(count).map_err(|_| messages::number_too_large(&self.text))
            }
            _ => Err(messages::not_a_count(what, &self.text)),
        }
    }

    fn refuse_suffix(&self) -> Result<(), String> {
        if self.suffix.is_empty() {
            return Ok(());
        }
        Err(messages::suffix(&self.text, &self.text[..self.text.len() - self.suffix.len()], &self.suffix))
    }
}

/// Splits `8.4G` into `8.4` and `G`. An `e` counts as an exponent only where digits follow.
fn split_suffix(literal: &str) -> (&str, &str) {
    let bytes = literal.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'_') {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(signed) > signed {
            end = digits(signed);
        }
    }
    literal.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(literal: &str) -> Number {
        Number::parse(literal, false).expect("a number")
    }

    #[test]
    fn budgets_are_exact_whole_numbers() {
        for (literal, count) in
            [("22M", 22_000_000), ("8.4G", 8_400_000_000), ("1_000", 1000), ("1.5k", 1500), ("2.2e7", 22_000_000)]
        {
            assert_eq!(number(literal).count("params"), Ok(count), "{literal}");
        }
        for literal in ["1.5", "0", "0.0005k", "1e-400", "22m", "99999999999999999999G"] {
            assert!(number(literal).count("params").is_err(), "{literal}");
        }
        assert!(Number::parse("22M", true).expect("a number").count("params").is_err());
    }

    #[test]
    fn whole_numbers_have_no_point_sign_or_suffix() {
        assert_eq!(number("1_000").whole("in", "a whole number"), Ok(1000));
        for literal in ["3.0", "1e3", "3usize", "99999999999999999999999"] {
            assert!(number(literal).whole("in", "a whole number").is_err(), "{literal}");
        }
    }

    #[test]
    fn real_numbers_read_as_rust_reads_them() {
        for (literal, value) in [("0.25", 0.25), ("1e-3", 1e-3), ("1_0.5", 10.5), ("3", 3.0), ("1.", 1.0)] {
            assert_eq!(number(literal).real(), Ok(value), "{literal}");
        }
        assert!(number("1e999").real().is_err());
        assert_eq!(Number::parse("0.5", true).expect("a number").real(), Ok(-0.5));
    }

    #[test]
    fn a_suffix_is_told_from_an_exponent() {
        assert_eq!(split_suffix("8.4G"), ("8.4", "G"));
        assert_eq!(split_suffix("1e-3"), ("1e-3", ""));
        assert_eq!(split_suffix("2e3k"), ("2e3", "k"));
        assert_eq!(split_suffix("2eggs"), ("2", "eggs"));
    }
}
