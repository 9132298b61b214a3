//! Text forms that several modules write.

use std::fmt;

use crate::{Operator, Row};

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The row as a stage table has it: `[2, 3, 1, 1, 24, 24, fused, 0]`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = self;
        write!(f, "[{repeats}, {kernel}, {stride}, {expansion}, {in_channels}, {out_channels}, {operator}, {se_ratio}]")
    }
}

/// A number with a comma between thousands: `21,458,488`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
    fn prints_a_row_as_the_macro_takes_it() {
        let row = Row::new(6, 3, 2, 4, 64, 128, Operator::MbConv, 0.25);
        assert_eq!(row.to_string(), "[6, 3, 2, 4, 64, 128, mbconv, 0.25]");
        assert_eq!(Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0).to_string(), "[2, 3, 1, 1, 24, 24, fused, 0]");
    }
}
