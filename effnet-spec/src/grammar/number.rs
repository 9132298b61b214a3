//! Number literals.

use crate::named::Named;
use crate::{Mistake, Name, named};

named! {
    /// The suffix of a budget's number, in powers of a thousand.
    enum Magnitude: "suffix" {
        Thousand = "k" ("thousand"),
        Million = "M" ("million"),
        Billion = "G" ("billion"),
    }
}

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
    pub(super) fn parse(literal: &str, negative: bool) -> Result<Self, Mistake> {
        let text = if negative { format!("-{literal}") } else { literal.to_owned() };
        if literal.starts_with("0x") || literal.starts_with("0o") || literal.starts_with("0b") {
            return Err(Mistake::NotDecimal { text });
        }
        let (plain, suffix) = split_suffix(literal);
        let plain: String = plain.chars().filter(|&character| character != '_').collect();
        let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((&plain, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let too_large = || Mistake::TooLarge { text: text.clone() };
        let digits = format!("{whole}{fraction}").parse().map_err(|_| too_large())?;
        let exponent = exponent.parse::<i32>().map_err(|_| too_large())?;
        let exponent = exponent.checked_sub(fraction.len() as i32).ok_or_else(too_large)?;
        let magnitude: f64 = plain.parse().map_err(|_| too_large())?;
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
    pub(super) fn real(&self) -> Result<f64, Mistake> {
        self.refuse_suffix()?;
        if self.value.is_finite() { Ok(self.value) } else { Err(self.too_large()) }
    }

    /// The number, if it is written as a whole one, without sign and suffix.
    pub(super) fn whole(&self, name: Name) -> Result<usize, Mistake> {
        self.refuse_suffix()?;
        if self.negative || self.float {
            return Err(Mistake::Unreadable { name, text: self.text.clone() });
        }
        usize::try_from(self.digits).map_err(|_| self.too_large())
    }

    /// The number of things that a budget names: positive and whole once its suffix `k`, `M` or `G` is applied.
    pub(super) fn count(&self, name: Name) -> Result<u64, Mistake> {
        let thousands = match self.suffix.as_str() {
            "" => 0,
            suffix => 1 + Magnitude::named(suffix).ok_or_else(|| Mistake::unknown::<Magnitude>(suffix))? as i32,
        };
        let exponent = self.exponent.saturating_add(3 * thousands);
        let count = match 10_u128.checked_pow(exponent.unsigned_abs()) {
            power if exponent >= 0 => {
                power.and_then(|power| self.digits.checked_mul(power)).ok_or_else(|| self.too_large())?
            }
            Some(power) if self.digits.is_multiple_of(power) => self.digits / power,
            // A fraction is no count, as 0 is none.
            _ => 0,
        };
        if count == 0 || self.negative {
            return Err(Mistake::Unreadable { name, text: self.text.clone() });
        }
        u64::try_from(count).map_err(|_| self.too_large())
    }

    fn refuse_suffix(&self) -> Result<(), Mistake> {
        if self.suffix.is_empty() {
            return Ok(());
        }
        let (text, suffix) = (self.text.clone(), self.suffix.clone());
        Err(match Magnitude::named(&suffix) {
            Some(_) => Mistake::SuffixOfBudget { text, suffix },
            None => Mistake::Suffix { plain: text[..text.len() - suffix.len()].to_owned(), text },
        })
    }

    fn too_large(&self) -> Mistake {
        Mistake::TooLarge { text: self.text.clone() }
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
    use crate::{Column, Limit};

    const PARAMS: Name = Name::Limit(Limit::Params);

    fn number(literal: &str) -> Number {
        Number::parse(literal, false).expect("a number")
    }

    #[test]
    fn budgets_are_exact_whole_numbers() {
        for (literal, count) in
            [("22M", 22_000_000), ("8.4G", 8_400_000_000), ("1_000", 1000), ("1.5k", 1500), ("2.2e7", 22_000_000)]
        {
            assert_eq!(number(literal).count(PARAMS), Ok(count), "{literal}");
        }
        for literal in ["1.5", "0", "0.0005k", "1e-400", "22m", "99999999999999999999G"] {
            assert!(number(literal).count(PARAMS).is_err(), "{literal}");
        }
        assert!(Number::parse("22M", true).expect("a number").count(PARAMS).is_err());
    }

    #[test]
    fn whole_numbers_have_no_point_sign_or_suffix() {
        assert_eq!(number("1_000").whole(Name::Cell(Column::In)), Ok(1000));
        for literal in ["3.0", "1e3", "3usize", "99999999999999999999999"] {
            assert!(number(literal).whole(Name::Cell(Column::In)).is_err(), "{literal}");
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
