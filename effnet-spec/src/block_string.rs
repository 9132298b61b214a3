//! Rows in google/automl's block notation, such as `r6_k3_s2_e4_i64_o128_se0.25`.

use std::fmt;
use std::str::FromStr;

use crate::{Operator, Row};

/// The keys of a block string, in the order in which they are printed.
const KEYS: [&str; 8] = ["r", "k", "s", "e", "i", "o", "c", "se"];

const LEGAL: &str = "r (repeats), k (kernel), s (stride), e (expansion), i (in), o (out), c (1 for fused, 0 for mbconv) \
                     and se (se_ratio)";

/// Why a block string can't be read: every mistake in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockStringError(String);

impl fmt::Display for BlockStringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BlockStringError {}

impl Row {
    /// The row that a string in google/automl's block notation describes (`effnetv2_configs.py`, `BlockDecoder`).
    ///
    /// As there, keys may come in any order, `c` may be left out for mbconv, and `se` for no squeeze-and-excitation.
    /// Whether the numbers are legal is for [`crate::Spec::validate`] to say.
    ///
    /// ```
    /// use effnet_spec::{Operator, Row};
    ///
    /// let row = Row::from_block_string("r6_k3_s2_e4_i64_o128_se0.25")?;
    /// assert_eq!(row, Row::new(6, 3, 2, 4, 64, 128, Operator::MbConv, 0.25));
    /// assert_eq!(row.to_block_string(), "r6_k3_s2_e4_i64_o128_se0.25");
    /// # Ok::<(), effnet_spec::BlockStringError>(())
    /// ```
    ///
    /// # Errors
    /// A key that is unknown, missing or there twice, and a value that is no number.
    pub fn from_block_string(text: &str) -> Result<Self, BlockStringError> {
        let mut mistakes = Vec::new();
        let values = split(text, &mut mistakes);
        let mut whole = |key| number::<usize>(key, &values, "a whole number", &mut mistakes);
        let [repeats, kernel, stride] = ["r", "k", "s"].map(&mut whole);
        let [expansion, in_channels, out_channels] = ["e", "i", "o"].map(&mut whole);
        let operator = match value("c", &values) {
            None | Some("0") => Operator::MbConv,
            Some("1") => Operator::Fused,
            Some(other) => {
                mistakes.push(format!("`c` is `{other}`; it must be 0 (mbconv) or 1 (fused)"));
                Operator::MbConv
            }
        };
        let se_ratio = number("se", &values, "a number", &mut mistakes);
        if !mistakes.is_empty() {
            return Err(BlockStringError(mistakes.join("; ")));
        }
        Ok(Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio })
    }

    /// The row in google/automl's block notation.
    pub fn to_block_string(&self) -> String {
        let Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = self;
        let mut text = format!("r{repeats}_k{kernel}_s{stride}_e{expansion}_i{in_channels}_o{out_channels}");
        if *operator == Operator::Fused {
            text += "_c1";
        }
        if *se_ratio != 0.0 {
            text += &format!("_se{se_ratio}");
        }
        text
    }
}

/// The value of each key, each a known one and the first of its kind.
fn split<'a>(text: &'a str, mistakes: &mut Vec<String>) -> Vec<(&'static str, &'a str)> {
    let mut values: Vec<(&str, &str)> = Vec::new();
    for part in text.split('_') {
        let letters = part.find(|character: char| !character.is_alphabetic()).unwrap_or(part.len());
        let (key, value) = part.split_at(letters);
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            mistakes.push(format!("`{part}` has an unknown key; the keys are {LEGAL}"));
            continue;
        };
        if values.iter().any(|(seen, _)| *seen == known) {
            mistakes.push(format!("`{known}` is there twice"));
            continue;
        }
        values.push((known, value));
    }
    // An unknown key may be the one that is missing, misspelt.
    if mistakes.is_empty() {
        let required = KEYS.into_iter().filter(|key| !matches!(*key, "c" | "se"));
        let missing = required.filter(|key| value(key, &values).is_none());
        let missing: Vec<_> = missing.map(|key| format!("`{key}`")).collect();
        if !missing.is_empty() {
            mistakes.push(format!("{} is missing; the keys are {LEGAL}", missing.join(", ")));
        }
    }
    values
}

fn value<'a>(key: &str, values: &[(&str, &'a str)]) -> Option<&'a str> {
    values.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// The number behind `key`. Zero where there is none: what must not be missing has been reported already.
fn number<T: FromStr + Default>(key: &str, values: &[(&str, &str)], legal: &str, mistakes: &mut Vec<String>) -> T {
    let Some(text) = value(key, values) else { return T::default() };
    text.parse().unwrap_or_else(|_| {
        mistakes.push(format!("`{key}` is `{text}`; it must be {legal}"));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Row::from_block_string(text).expect_err(text).to_string()
    }

    #[test]
    fn reads_automls_forms() {
        let fused = Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0);
        assert_eq!(Row::from_block_string("r2_k3_s1_e1_i24_o24_c1"), Ok(fused));
        let plain = Row::new(1, 3, 1, 1, 32, 16, Operator::MbConv, 0.25);
        assert_eq!(Row::from_block_string("r1_k3_s1_e1_i32_o16_se0.25"), Ok(plain));
        assert_eq!(Row::from_block_string("se0.25_c0_o16_i32_e1_s1_k3_r1"), Ok(plain));
    }

    #[test]
    fn names_the_key_that_is_wrong() {
        assert_eq!(message("r2_k3_s1_e1_i24_o24_x1"), format!("`x1` has an unknown key; the keys are {LEGAL}"));
        assert_eq!(message("r2_k3_s1_e1_i24_i24_o24"), "`i` is there twice");
        assert_eq!(message("r2_k3_e1_i24"), format!("`s`, `o` is missing; the keys are {LEGAL}"));
        assert_eq!(
            message("r2_k_s1_e4.5_i24_o24"),
            "`k` is ``; it must be a whole number; `e` is `4.5`; it must be a whole number"
        );
        assert_eq!(message("r2_k3_s1_e1_i24_o24_c2"), "`c` is `2`; it must be 0 (mbconv) or 1 (fused)");
        assert_eq!(message("r2_k3_s1_e1_i24_o24_se0.2.5"), "`se` is `0.2.5`; it must be a number");
        assert!(message("").starts_with("`` has an unknown key"));
    }
}
