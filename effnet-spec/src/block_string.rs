//! Rows in google/automl's block notation, such as `r6_k3_s2_e4_i64_o128_se0.25`.

mod foreign;

use std::str::FromStr;

use crate::mistake::block_key;
use crate::{Column, Expansion, Mistake, Name, Operator, Row, Squeeze};

/// The part without a value, automl's own, of a row whose blocks have no shortcut.
const NO_SHORTCUT: &str = "noskip";

impl Row {
    /// The row that a string in google/automl's block notation describes (`effnetv2_configs.py`, `BlockDecoder`).
    ///
    /// As there, keys may come in any order, `c` may be left out for mbconv, and `se` for no squeeze-and-excitation;
    /// `noskip` leaves the shortcuts out.
    /// Whether the numbers are legal is for [`crate::Spec::validate`] to say.
    ///
    /// ```
    /// use effnet_spec::{Operator, Row};
    ///
    /// let row = Row::from_block_string("r6_k3_s2_e4_i64_o128_se0.25")?;
    /// assert_eq!(row, Row::new(6, 3, 2, 4, 64, 128, Operator::MbConv, 0.25));
    /// assert_eq!(row.to_block_string().as_deref(), Some("r6_k3_s2_e4_i64_o128_se0.25"));
    /// # Ok::<(), effnet_spec::Mistake>(())
    /// ```
    ///
    /// # Errors
    /// A key that is unknown, missing or there twice, and a value that is no number.
    pub fn from_block_string(text: &str) -> Result<Self, Mistake> {
        let mistakes = match Self::parse(text) {
            Ok(row) => return Ok(row),
            Err(mistakes) => mistakes,
        };
        if let Some(mistake) = foreign::timm(text) {
            return Err(mistake);
        }
        let mistakes = match foreign::tidy(text) {
            None => mistakes,
            Some((write, rules)) => {
                let rest = Self::parse(&write).err().unwrap_or_default();
                [vec![Mistake::UntidyBlockString { rules, write }], rest].concat()
            }
        };
        Err(Mistake::BlockString { mistakes })
    }

    /// Reads a string that keeps all rules of the notation.
    fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let shortcut = !text.split('_').any(|part| part == NO_SHORTCUT);
        let values = split(text, &mut mistakes);
        mistakes.extend(values.iter().filter_map(|(column, value)| foreign::v1_stride(*column, value)));
        let (mut expansion, mut se_ratio) = (0, 0.0);
        let mut row = Self::new(0, 0, 0, 0, 0, 0, Operator::MbConv, 0.0);
        for (column, value) in values {
            let legal = match column {
                Column::Repeats => read(value, &mut row.repeats),
                Column::Kernel => read(value, &mut row.kernel),
                Column::Stride => read(value, &mut row.stride),
                Column::Expansion => read(value, &mut expansion),
                Column::In => read(value, &mut row.in_channels),
                Column::Out => read(value, &mut row.out_channels),
                Column::Operator => {
                    let is_meant = |known: &Operator| {
                        known.block_type().automl.map(|code| code.to_string()) == Some(value.to_owned())
                    };
                    let known = Operator::ALL.into_iter().find(is_meant);
                    row.operator = known.unwrap_or(row.operator);
                    known.is_some()
                }
                Column::SeRatio => read(value, &mut se_ratio),
            };
            if !legal {
                mistakes.push(unreadable(column, value));
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        (row.expansion, row.squeeze) = (Expansion::Ratio(expansion), Squeeze::Ratio(se_ratio));
        row.shortcut = shortcut;
        Ok(row)
    }

    /// The row in google/automl's block notation, if that can say it.
    pub fn to_block_string(&self) -> Option<String> {
        let Self { repeats, kernel, stride, in_channels, out_channels, operator, .. } = *self;
        let (Expansion::Ratio(expansion), Squeeze::Ratio(se_ratio)) = (self.expansion, self.squeeze) else {
            return None;
        };
        let code = operator.block_type().automl?;
        let plain = Self::new(repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio);
        if *self != (Self { shortcut: self.shortcut, ..plain }) {
            return None;
        }
        let mut text = format!("r{repeats}_k{kernel}_s{stride}_e{expansion}_i{in_channels}_o{out_channels}");
        if code != 0 {
            text += &format!("_c{code}");
        }
        if se_ratio != 0.0 {
            text += &format!("_se{se_ratio}");
        }
        if !self.shortcut {
            text += &format!("_{NO_SHORTCUT}");
        }
        Some(text)
    }
}

/// The value of each column, each the first behind its key.
fn split<'a>(text: &'a str, mistakes: &mut Vec<Mistake>) -> Vec<(Column, &'a str)> {
    let mut values: Vec<(Column, &str)> = Vec::new();
    let mut unknown = Vec::new();
    if text.trim_matches('_').is_empty() {
        mistakes.push(Mistake::EmptyBlockString);
        return values;
    }
    let has = |values: &[(Column, &str)], column| values.iter().any(|(seen, _)| *seen == column);
    for part in text.split('_').filter(|part| *part != NO_SHORTCUT) {
        let letters = part.find(|character: char| !character.is_alphabetic()).unwrap_or(part.len());
        let (key, value) = part.split_at(letters);
        match Column::ALL.into_iter().find(|column| block_key(*column) == key) {
            None => unknown.push(part.to_owned()),
            Some(column) if has(&values, column) => mistakes.push(Mistake::Twice { name: Name::BlockKey(column) }),
            Some(column) => values.push((column, value)),
        }
    }
    if !unknown.is_empty() {
        mistakes.push(Mistake::UnknownKeys { parts: unknown });
    }
    // An unknown key may be the one that is missing, misspelt.
    if mistakes.is_empty() {
        let required = Column::ALL.into_iter().filter(|column| !matches!(column, Column::Operator | Column::SeRatio));
        let missing: Vec<Column> = required.filter(|column| !has(&values, *column)).collect();
        if !missing.is_empty() {
            mistakes.push(Mistake::NoKeys { missing });
        }
    }
    values
}

/// Whether `text` is a number without plus sign that `number` can hold, which then does.
fn read<T: FromStr>(text: &str, number: &mut T) -> bool {
    !text.starts_with('+') && text.parse().map(|read| *number = read).is_ok()
}

/// The mistake of a value that is no number, or no legal one of another program's.
fn unreadable(column: Column, value: &str) -> Mistake {
    let is_whole = |text: &str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit());
    match column {
        Column::Kernel if value.contains('.') && value.split('.').all(is_whole) => Mistake::MIXED_KERNELS,
        _ if column != Column::Operator && is_whole(value) => {
            Mistake::TooLarge { text: format!("{}{value}", block_key(column)) }
        }
        _ => Mistake::Unreadable { name: Name::BlockKey(column), text: value.to_owned() },
    }
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
        let without = Row { shortcut: false, ..plain };
        assert_eq!(Row::from_block_string("r1_k3_s1_e1_i32_o16_se0.25_noskip"), Ok(without));
    }

    #[test]
    fn names_the_key_that_is_wrong() {
        let keys = "`r` (repeats), `k` (kernel), `s` (stride), `e` (expansion), `i` (in), `o` (out), `c` (1 for \
                    fused, 0 for mbconv), `se` (se_ratio)";
        assert_eq!(message("r2_k3_s1_e1_i24_o24_x1"), format!("unknown key in `x1`: expected one of {keys}"));
        assert_eq!(message("r2_k3_s1_e1_i24_i24_o24"), "`i` is set twice: remove one");
        assert_eq!(message("r2_k3_e1_i24"), format!("`s`, `o` are missing; the keys are {keys}"));
        assert_eq!(message("r2_k3_s1_e1_i24"), format!("`o` is missing; the keys are {keys}"));
        assert_eq!(
            message("r2_k_s1_e4.5_i24_o24"),
            "`k` has no value; it must be a whole number. `e` is `4.5`; it must be a whole number"
        );
        assert_eq!(message("r2_k3_s1_e1_i24_o24_c2"), "`c` is `2`; it must be 0 (mbconv) or 1 (fused)");
        assert_eq!(message("r2_k3_s1_e1_i24_o24_se0.2.5"), "`se` is `0.2.5`; it must be a number");
        assert!(message("").starts_with("a block string is empty: a row is `["), "{}", message(""));
        assert_eq!(message("_"), message(""));
        assert_eq!(message("r2_k3_x1_y2"), format!("unknown key in `x1`, `y2`: expected one of {keys}"));
    }

    #[test]
    fn numbers_have_no_sign_and_fit() {
        let whole = "it must be a whole number";
        assert_eq!(message("r+2_k3_s1_e1_i24_o24"), format!("`r` is `+2`; {whole}"));
        assert_eq!(message("r-2_k3_s1_e1_i24_o24"), format!("`r` is `-2`; {whole}"));
        assert_eq!(
            message("r99999999999999999999_k3_s1_e1_i24_o24"),
            "`r99999999999999999999` is out of range: write it with fewer digits or a smaller exponent"
        );
    }

    #[test]
    fn a_rule_that_is_broken_everywhere_is_told_once() {
        let write = "write `r2_k3_s1_e1_i24_o24_c1`";
        let (keys, alone, filled) = (
            "the keys of a block string are small letters",
            "the parts of a block string are separated by `_` alone",
            "no part of a block string is empty",
        );
        for (text, rules) in [
            ("R2_K3_S1_E1_I24_O24_C1", keys),
            ("r2 k3 s1 e1 i24 o24 c1", alone),
            ("r2, k3, s1, e1, i24, o24, c1", alone),
            ("R2 K3 S1 E1 I24 O24 C1", &format!("{keys}, and {alone}")),
            ("r2_k3_s1_e1_i24_o24_c1_", filled),
            ("_r2_k3__s1_e1_i24_o24_c1", filled),
        ] {
            assert_eq!(message(text), format!("{rules}: {write}"), "{text}");
        }
        assert_eq!(
            message("R2_K3_S1_E1_I24_O24_C2"),
            format!("{keys}: write `r2_k3_s1_e1_i24_o24_c2`. `c` is `2`; it must be 0 (mbconv) or 1 (fused)")
        );
        assert!(message("r2_k3_s1_e1_i24_oX").starts_with("unknown key in `oX`: "));
    }

    #[test]
    fn other_programs_notations_are_translated() {
        assert_eq!(
            message("ir_r2_k3_s2_e6_c24_se0.25"),
            "this is timm's notation, in which `ir` is an operator and `c24` are channels out: write \
             `\"r2_k3_s2_e6_i…_o24_se0.25\"`, with the channels in for `…`"
        );
        assert_eq!(
            message("r1_k3_s22_e6_i32_o16_se0.25"),
            "`s22` says the stride once for the height and once for the width, as EfficientNet V1's files do: write `s2`"
        );
        assert_eq!(Row::from_block_string("r1_k3_s12_e6_i32_o16").map(|row| row.stride), Ok(12));
        assert!(message("r1_k3.5_s1_e6_i32_o16").starts_with("the DSL has no mixed kernels"));
    }
}
