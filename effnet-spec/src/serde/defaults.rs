//! Settings that are written only where they are not at their default, as they came later than the others: the files of
//! networks that go without them stay as they were.

use crate::{Gate, HeadKind, SeOf, Settings};

macro_rules! are_default {
    ($($setting:ident: $Type:ty),*) => {
        $(
            pub(crate) fn $setting(value: &$Type) -> bool {
                *value == Settings::DEFAULT.$setting
            }
        )*
    };
}

are_default!(head: HeadKind, head_bias: bool, stem_kernel: usize, se_gate: Gate, se_of: SeOf);
