//! Every message of the grammar, in one place: one sentence that names the thing, then what is legal.
//!
//! What is wrong with a *value* in itself, such as a kernel of 4, is said by [`crate::Spec::validate`].

use super::token::Delimiter;
use crate::named::Named;
use crate::suggest;

/// The cells of a row, in order.
const CELLS: &str = "repeats, kernel, stride, expansion, in, out, operator, se_ratio";

/// What others call a thing, where that isn't near enough to be taken for a misspelling.
const ALIASES: [(&str, &str); 4] =
    [("swish", "silu"), ("fused_mbconv", "fused"), ("FusedMBConv", "fused"), ("FusedMbConv", "fused")];

pub(super) fn unclosed(delimiter: Delimiter) -> String {
    format!("this `{}` is never closed: a `{}` is missing", delimiter.open(), delimiter.close())
}

pub(super) fn wrong_close(found: Delimiter, open: Delimiter) -> String {
    format!("`{}` where `{}` was opened: write `{}`", found.close(), open.open(), open.close())
}

pub(super) fn nothing_to_close(found: Delimiter) -> String {
    format!("`{}` closes nothing: remove it, or open it with `{}`", found.close(), found.open())
}

pub(super) fn unclosed_string() -> String {
    "this string does not end on its line: a `\"` is missing".to_owned()
}

pub(super) fn no_table() -> String {
    format!("expected the stage table: `< [{CELLS}], … >`")
}

pub(super) fn unclosed_table() -> String {
    "the table is not closed: put `>` behind its last row".to_owned()
}

pub(super) fn settings_without_table() -> String {
    "settings stand behind a table in angle brackets: put `<` in front of the first row and `>` behind the last"
        .to_owned()
}

pub(super) fn no_end_of_struct() -> String {
    "the struct is not ended: put `;` or `{ settings }` behind the table's `>`".to_owned()
}

pub(super) fn unexpected_after_table(found: &str) -> String {
    let hint = match found {
        "pub" | "struct" | "#" => "; another model takes another call of the macro",
        _ => "",
    };
    format!("unexpected `{found}`: a table is followed by `{{ settings }}` or `;`, and by nothing else{hint}")
}

pub(super) fn row_in_parentheses() -> String {
    "a row stands in brackets: write `[ … ]` instead of `( … )`".to_owned()
}

pub(super) fn attribute_in_table() -> String {
    "a table takes no attributes or doc comments: write `// …` for a comment".to_owned()
}

pub(super) fn no_row() -> String {
    "expected a row in front of this `,`".to_owned()
}

pub(super) fn not_a_row(found: &str) -> String {
    format!(
        "expected a row, found `{found}`: a row is `[{CELLS}]` or a block string such as \"r2_k3_s1_e1_i24_o24_c1\""
    )
}

pub(super) fn missing_comma(next: &str) -> String {
    format!("a `,` is missing in front of `{next}`")
}

pub(super) fn unexpected_after_item(found: &str, item: &str) -> String {
    let hint = match found {
        "+" | "-" | "*" | "/" | "%" | "." => "; arithmetic is not evaluated: write the resulting number",
        _ => "",
    };
    format!("unexpected `{found}` behind a {item}: expected `,` or the end{hint}")
}

pub(super) fn no_value(item: &str) -> String {
    match item {
        "cell" | "number" => format!("expected a {item} here"),
        setting => format!("`{setting}` has no value: write `{setting}: …`"),
    }
}

pub(super) fn not_a_value(found: &str) -> String {
    let hint = match found {
        "." => "; a number starts with a digit: write `0.5` for `.5`",
        "(" | "( … )" => "; parentheses are not evaluated: write the resulting number",
        _ => "",
    };
    format!("expected a value, found `{found}`{hint}")
}

pub(super) fn path_without_segment() -> String {
    "expected a name behind `::`".to_owned()
}

pub(super) fn not_a_setting(found: &str) -> String {
    format!("expected a setting's name, found `{found}`: settings are `name: value`, separated by `,`")
}

pub(super) fn no_colon(key: &str) -> String {
    format!("a `:` is missing behind `{key}`: write `{key}: …`")
}

pub(super) fn not_decimal(text: &str) -> String {
    format!("`{text}` is not decimal: write the number in base ten")
}

pub(super) fn number_too_large(text: &str) -> String {
    format!("`{text}` is too large")
}

pub(super) fn suffix(text: &str, plain: &str, suffix: &str) -> String {
    let hint = match suffix {
        "k" | "M" | "G" => "k, M and G belong into a budget: write the number out",
        _ => return format!("`{text}` has a suffix: write `{plain}`"),
    };
    format!("`{text}` has the suffix `{suffix}`: {hint}")
}

pub(super) fn unknown_magnitude(what: &str, text: &str, suffix: &str) -> String {
    let hint = match suffix {
        "K" => ": did you mean `k`?",
        "m" | "mio" | "million" => ": did you mean `M`?",
        "g" | "b" | "B" => ": did you mean `G`?",
        _ => ".",
    };
    format!(
        "the suffix `{suffix}` of `{what}: {text}` is unknown{hint} Legal are k (thousand), M (million) and G (billion)"
    )
}

pub(super) fn not_a_count(what: &str, text: &str) -> String {
    format!("{what} is `{text}`; it must be a positive whole number after its k, M or G is applied, such as `22M`")
}

pub(super) fn not_legal(what: &str, legal: &str, found: &str) -> String {
    format!("{what} is `{found}`; it must be {legal}")
}

pub(super) fn too_few_cells(count: usize, missing: &str) -> String {
    format!("a row has 8 cells, this one has {count}: {missing}; the cells are {CELLS}")
}

pub(super) fn too_many_cells(count: usize) -> String {
    format!("a row has 8 cells, this one has {count}: remove what starts here; the cells are {CELLS}")
}

/// A name that is not in the set `T`.
pub(super) fn unknown<T: Named>(found: &str) -> String {
    let what = T::WHAT;
    let known = || T::NAMES.iter().map(|(name, _)| *name);
    let legal = T::NAMES.iter().map(|(name, note)| match *note {
        "" => format!("`{name}`"),
        note => format!("`{name}` ({note})"),
    });
    let legal = legal.collect::<Vec<_>>().join(", ");
    let alias = ALIASES.into_iter().find(|(alias, name)| *alias == found && known().any(|known| known == *name));
    match alias.map(|(_, name)| name).or_else(|| suggest(found, known())) {
        Some(meant) => format!("unknown {what} `{found}`: did you mean `{meant}`? Expected one of {legal}"),
        None => format!("unknown {what} `{found}`: expected one of {legal}"),
    }
}

pub(super) fn duplicate_setting(key: &str) -> String {
    format!("`{key}` is set twice: remove one")
}

pub(super) fn empty_budget() -> String {
    "this budget limits nothing: write `params: …` or `macs: …` into it".to_owned()
}
