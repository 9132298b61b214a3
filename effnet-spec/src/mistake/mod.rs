//! Everything that can be wrong with a table, whoever finds it: the macro, a table file's reader, validation or a
//! budget. Each mistake is data, with its sentence beside it.

mod aliases;
mod name;
mod words;

use std::fmt;

pub use name::Name;
pub(crate) use name::block_key;
pub(crate) use words::row_forms;
use words::{
    BEYOND, are_missing, at_size, cells, expected, in_unit, joined, list, lookalike, missing_cells, names_stay_names,
    new_share, on_top, one_a_channel, one_of, short, spelt_out, written,
};
pub use words::{CostPart, Item};

use crate::delimiter::Delimiter;
use crate::named::Named;
use crate::text::thousands;
use crate::{Column, Key, Limit, MAX_BLOCKS, Operator, Place, RowOption};

/// A mistake, and where it is: at a [`Place`] of a table, or at a token of the text that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Error<P> {
    /// Where it is.
    pub place: P,
    /// The mistake itself.
    pub mistake: Mistake,
}

impl Error<Place> {
    /// The mistake that a cell has this value, which is not legal.
    pub(crate) fn cell(row: usize, column: Column, value: impl fmt::Display) -> Self {
        let mistake = Mistake::Illegal { name: Name::Cell(column), value: short(value.to_string()) };
        Self { place: Place::Cell(row, column), mistake }
    }

    /// The mistake that a setting has this value, which is not legal.
    pub(crate) fn setting(key: Key, value: impl fmt::Display) -> Self {
        let mistake = Mistake::Illegal { name: Name::Setting(key), value: short(value.to_string()) };
        Self { place: Place::Setting(key), mistake }
    }
}

impl fmt::Display for Error<Place> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistake.fmt(f)
    }
}

impl<P: fmt::Debug> std::error::Error for Error<P> where Self: fmt::Display {}

/// Defines an enum in which each member's sentence stands behind it: a format string that may name the member's fields,
/// and the string's arguments.
macro_rules! sentences {
    (
        $(#[$attribute:meta])*
        pub enum $Enum:ident {
            $($(#[$doc:meta])* $Member:ident $({ $($field:ident: $Type:ty),+ })? = $text:literal $(, $argument:expr)*;)+
        }
    ) => {
        $(#[$attribute])*
        pub enum $Enum {
            $($(#[$doc])* $Member $({ $(#[allow(missing_docs, reason = "the sentence says it")] $field: $Type),+ })?,)+
        }

        impl fmt::Display for $Enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$Member $({ $($field),+ })? => write!(f, $text $(, $argument)*),)+
                }
            }
        }
    };
}

sentences! {
    /// A mistake in a table. Displayed, it is one sentence that says what is wrong, then what to do about it or what is
    /// legal. Names and what stands in the text are in backticks.
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub enum Mistake {
        /// The macro was called with nothing.
        NoModel = "expected a model: `pub struct Name < rows > {{ settings }}`, or just `< rows >`";
        /// The macro's input starts with neither a struct nor a table.
        NoStruct = "expected `struct Name < rows > {{ settings }}`, or just `< rows >`";
        /// Generated code cannot find the runtime.
        NoRuntime = "`effnet-runtime` is not a dependency of this crate: add it to Cargo.toml, or name the path to it \
                     in the setting `crate`, such as `crate: other_crate::effnet_runtime`";

        /// An inner attribute stands in front of the model.
        InnerAttribute = "an inner attribute belongs to a module: write `#[…]` instead of `#![…]`";

        /// A delimiter is opened and never closed.
        Unclosed { delimiter: Delimiter } =
            "this `{}` is never closed: a `{}` is missing", delimiter.open(), delimiter.close();
        /// A delimiter is closed by another's closing character.
        WrongClose { found: Delimiter, opened: Delimiter } =
            "`{}` where `{}` was opened: write `{}`", found.close(), opened.open(), opened.close();
        /// A closing character stands where nothing is open.
        NothingToClose { found: Delimiter } =
            "`{}` closes nothing: remove it, or open it with `{}`", found.close(), found.open();
        /// A string has no closing quote.
        UnclosedString = "this string does not end on its line: a `\"` is missing";

        /// There is no `<`.
        NoTable = "expected the stage table: `< {}, … >`", cells();
        /// All rows stand in other brackets than a table's.
        RowsInGroup { delimiter: Delimiter } =
            "rows stand between `<` and `>`: write `< … >` instead of `{delimiter}`";
        /// Settings stand in front of the table.
        SettingsFirst = "settings stand behind the table: move them behind its `>`";
        /// Something stands between a model's name and its table.
        InFrontOfTable { found: String } = "unexpected `{found}` in front of the table's `<`: remove what stands there";
        /// The model has generic parameters.
        Generics { text: String } = "a model has no generic parameters: remove `{text}`";
        /// There is no `>`.
        UnclosedTable = "the table is not closed: put `>` behind its last row";
        /// Settings follow rows that stand in no `< … >`.
        SettingsWithoutTable = "settings stand behind a table in angle brackets: put `<` in front of the first row and \
                                `>` behind the last";
        /// Neither `;` nor settings follow the table of a struct.
        NoEndOfStruct = "the struct is not ended: put `;` or `{{ settings }}` behind the table's `>`";
        /// A semicolon stands behind settings.
        SemicolonBehindSettings = "`;` stands in place of settings, not behind them: remove it";
        /// Settings stand behind a table without braces.
        BareSettings = "settings stand in braces: put `{{` in front of them and `}}` behind them";
        /// A token stands behind the whole table.
        AfterTable { found: String } =
            "unexpected `{found}`: a table is followed by `{{ settings }}` or `;`, and by nothing else";
        /// The start of another model stands behind the whole table.
        AnotherModel { found: String } = "unexpected `{found}`: a table is followed by `{{ settings }}` or `;`, and by \
                                          nothing else; another model takes another call of the macro";

        /// A row stands in parentheses.
        RowInParentheses = "a row stands in brackets: write `[ … ]` instead of `( … )`";
        /// Rows stand in a row's brackets.
        NestedRows = "rows stand between `<` and `>` without further brackets: remove these";
        /// A block string stands in a row's brackets.
        BlockStringInBrackets = "a block string stands without brackets: remove them";
        /// The parts of a block string stand in the place of cells.
        BlockStringInCells { write: String } = "these are the parts of a block string: write `\"{write}\"`";
        /// A row's cells have names.
        NamedCells { write: String } = "cells have no names: write `{write}`";
        /// Options stand among a row's cells.
        BareOptions { option: String } =
            "a row's options stand in braces behind its eighth cell: write `{{ {option}: … }}`";
        /// The cells of the operator and of the ratio are swapped.
        SwappedCells { operator: String, se_ratio: String } =
            "`operator` stands in front of `se_ratio`: write `{operator}, {se_ratio}`";
        /// An attribute or a doc comment stands between rows, cells or settings.
        AttributeInTable = "a table takes no attributes or doc comments: write `// …` for a comment";
        /// A comma stands in the place of a row.
        NoRow = "expected a row in front of this `,`";
        /// Another token stands in the place of a row.
        NotARow { found: String } = "expected a row, found `{found}`{}: a row is {}", lookalike(found), row_forms();
        /// A row has fewer than eight cells. `operator` is the place of the first word, as only an operator is one.
        TooFewCells { count: usize, operator: Option<usize> } =
            "a row has 8 cells, this one has {count}: {}; the cells are `{}`",
            missing_cells(*count, *operator), cells();
        /// A row has more than eight cells.
        TooManyCells { count: usize } =
            "a row has 8 cells, this one has {count}: remove what starts here; the cells are `{}`", cells();

        /// Two items have no comma between them.
        NoComma { next: String } = "a `,` is missing in front of `{next}`";
        /// Items have no commas between them at all.
        NoCommas { item: Item, next: String } = "a `,` is missing in front of `{next}` and of each {item} behind it";
        /// Items are separated by `;`.
        Semicolon { item: Item } = "unexpected `;` behind a {item}: write `,` for it and for each `;` behind it";
        /// A number ends in a point where a comma belongs.
        PointForComma { number: String } = "`{number}.` ends in a point, and a `,` is missing: write `{number},`";
        /// A number is a percentage.
        Percent = "unexpected `%` behind a number: write a share, such as `0.25` for 25 %";
        /// A number is cast.
        Cast { cast: String } = "a table has no casts: remove `{cast}`";
        /// A token stands between an item and its comma.
        AfterItem { item: Item, found: String } = "unexpected `{found}` behind a {item}: expected `,` or the end";
        /// An arithmetic operator stands there.
        Arithmetic { item: Item, operator: char } = "unexpected `{operator}` behind a {item}: expected `,` or the end; \
                                                     arithmetic is not evaluated: write the resulting number";
        /// A comma or the end stands in the place of a value.
        NoItem { item: Item } = "expected a {item} here";
        /// A token stands in the place of a setting's name.
        NotASetting { found: String } =
            "expected a setting's name, found `{found}`: settings are `name: value`, separated by `,`";
        /// A setting has no colon.
        NoColon { key: String } = "a `:` is missing behind `{key}`: write `{key}: …`";
        /// A setting has no value.
        NoValue { key: String } = "`{key}` has no value: write `{key}: …`";
        /// A setting's name stands in quotes.
        QuotedName { name: String } = "a setting's name stands without quotes: write `{name}`";
        /// Two colons stand behind a setting's name.
        SecondColon { key: String } = "a second `:` stands behind `{key}`: write `{key}: …`";
        /// A token that begins no value stands in the place of one.
        NotAValue { found: String } = "expected a value, found `{found}`{}", lookalike(found);
        /// A number has a plus sign.
        Plus { number: String } = "a number has no `+` in front: write `{number}`";
        /// A macro is called in a table.
        MacroCall { name: String } = "macros are not expanded in a table: write what `{name}!` gives";
        /// A list stands in parentheses.
        ListInParentheses = "a list stands in brackets: write `[ … ]` instead of `( … )`";
        /// A list is written as an array of equal elements.
        ArrayRepeat { item: Item, element: String, count: String } =
            "`[{element}; {count}]` is not expanded: {}", spelt_out(*item, element);
        /// A number starts with its point.
        NoDigit = "expected a value, found `.`; a number starts with a digit: write `0.5` for `.5`";
        /// A value stands in parentheses.
        Parentheses = "expected a value, found `( … )`; parentheses are not evaluated: write the resulting number";
        /// A path ends in `::`.
        PathWithoutEnd = "expected a name behind `::`";

        /// A number is written in another base than ten.
        NotDecimal { text: String } = "`{text}` is not decimal: write the number in base ten";
        /// A number is out of its type's range.
        TooLarge { text: String } = "`{text}` is out of range: write it with fewer digits or a smaller exponent";
        /// A number has a suffix, such as a type's, behind its `plain` part.
        Suffix { text: String, plain: String } = "`{text}` has a suffix: write `{plain}`";
        /// A number outside a budget has a suffix of a budget's numbers.
        SuffixOfBudget { text: String, suffix: String } =
            "`{text}` has the suffix `{suffix}`, which only a `budget` takes: write the number out";

        /// A name is none of those that are known, each of which has a note for a list of them.
        Unknown { what: &'static str, found: String, names: &'static [(&'static str, &'static str)] } =
            "unknown {what} `{found}`: {}", expected(what, found, names);
        /// A name is given a value twice.
        Twice { name: Name } = "`{name}` is set twice: remove one";
        /// A value is not of its name's kind.
        Unreadable { name: Name, text: String } = "`{name}` {}; it must be {}{}", written(text), name.legal(), names_stay_names(text);
        /// A value is not in its name's range.
        Illegal { name: Name, value: String } = "`{name}` is {value}; it must be {}", name.legal();

        /// A block string is empty.
        EmptyBlockString = "a block string is empty: a row is {}", row_forms();
        /// A block string is written by other rules than its own.
        UntidyBlockString { rules: Vec<&'static str>, write: String } =
            "{}: write `{write}`", rules.join(", and ");
        /// Parts of a block string begin with no key.
        UnknownKeys { parts: Vec<String> } = "unknown key in {}: expected one of {}",
            crate::listed(parts.iter().map(String::as_str)), list(&name::BLOCK_KEYS);
        /// A block string lacks keys.
        NoKeys { missing: Vec<Column> } =
            "{} missing; the keys are {}", are_missing(missing), list(&name::BLOCK_KEYS);
        /// A block string says the stride once for each side.
        StrideTwice { text: String, write: String } =
            "`s{text}` says the stride once for the height and once for the width, as EfficientNet V1's files do: write \
             `{write}`";
        /// A block string is in timm's notation.
        Timm { what: String, write: String } =
            "this is timm's notation, in which {what}: write `{write}`, with the channels in for `…`";
        /// Something is not in the DSL. `instead` is what is legal.
        Beyond { things: &'static str, instead: &'static str } = "the DSL has no {things} ({BEYOND}){instead}";
        /// All that is wrong with a block string, which is one token.
        BlockString { mistakes: Vec<Mistake> } = "{}", joined(mistakes);

        /// A cell is left out, and the option that says its number is too.
        LeftOut { column: Column, option: RowOption } =
            "`{column}` is left out with `_`: say `{{ {option}: … }}` behind the eighth cell, or write the number here";
        /// A cell and the option that stands in its place are both there.
        CellAndOption { column: Column, option: RowOption } =
            "`{option}` stands in place of the cell `{column}`: write `_` into the cell, or remove the option";
        /// A kernel is none that the block may have.
        IllegalKernel { kernel: usize, legal: &'static [usize] } = "`kernel` is {kernel}; it must be {}", one_of(legal);
        /// A block that does not expand is given an expansion.
        NoExpansion { operator: Operator, value: String } =
            "`expansion` is {value}; a `{operator}` block does not expand: write 1";
        /// A block that has no squeeze-and-excitation is given one.
        NoSqueeze { operator: Operator, value: String } =
            "`se_ratio` is {value}; a `{operator}` block has no squeeze-and-excitation: write 0";
        /// An option means nothing for a row's blocks.
        OptionOfOthers { option: RowOption, operator: Operator } =
            "a `{operator}` block has no use for `{option}`: remove it";
        /// A block has its expand convolution anyway.
        AlreadyExpands = "`expand_conv` is for an expansion of 1; with any other, a block has its expand convolution: \
                          remove it";
        /// A block without a projection is told to activate it.
        NothingProjects = "`project_activation` is for a projection; this block's only convolution has its activation: \
                           remove it";
        /// The first row continues a stage.
        NoStageAbove = "`same_stage` continues the stage of the row above, and this row is the first: remove it";
        /// A setting of a pooled head's convolution stands beside another head.
        NotPooled = "`head_bias` is for `head: pooled`; no other head's convolution has a bias: remove it";
        /// A setting of the head's convolution stands beside a head without one.
        NoHead { key: Key } = "`head: none` has no convolution that `{key}` could be for: remove one of them";
        /// A setting of a scaled head stands beside a head that is not scaled.
        HeadIsFixed { by: &'static str } =
            "`min_features` is for a head that is scaled, and `{by}` leaves it as it is: remove one of them";

        /// The table has no row.
        EmptyTable = "the table is empty; it must have at least one row";
        /// A row takes other channels than the row above puts out.
        UnlikeRowAbove { takes: usize, above: usize } =
            "`in` is {takes}, but the row above puts out {above} channels; they must be equal";
        /// The setting `stem` says other channels than the first row takes.
        UnlikeFirstRow { stem: usize, takes: usize } =
            "`stem` is {stem}, but the first row takes {takes} channels; they must be equal";
        /// A row brings the network's blocks above the most that are legal.
        TooManyBlocks { repeats: usize, above: usize } =
            "`repeats` is {repeats}{}; a network has at most {MAX_BLOCKS} blocks", on_top(*above);
        /// `mean` or `std` has neither one number nor one for each channel.
        NotOneAChannel { key: Key, count: usize, channels: usize } =
            "`{key}` has {count} numbers; it must have one, {}", one_a_channel(*channels);
        /// `mean` or `std` is for pixels in 0..=255.
        PixelsTo255 { key: Key, values: Vec<f64> } =
            "`{key}` is for pixels in 0..=1, and this one is for pixels in 0..=255: write `{}`", in_unit(values);
        /// `bn_momentum` is TensorFlow's.
        MomentumOfTensorFlow { value: f64 } =
            "`bn_momentum` is {value}; it must be a number from 0 to 0.5, the share of the new batch as in PyTorch: \
             TensorFlow's {value} is {} here", new_share(*value);
        /// `depth` brings the network's blocks above the most that are legal.
        DepthMakesTooManyBlocks { depth: f64, blocks: usize, written: usize } =
            "`depth` is {depth} and makes {blocks} blocks of {written}; a network has at most {MAX_BLOCKS}";
        /// Counts of the scaled network do not fit 64 bits.
        ScalingOverflows { key: Key, factor: f64 } =
            "`{key}` is {factor} and makes the network's counts overflow 64 bits; it must be smaller";
        /// A stage's counts do not fit 64 bits.
        StageOverflows = "the stage's counts overflow 64 bits; its channels or its expansion must be smaller";
        /// The stem's counts do not fit 64 bits.
        StemOverflows = "the stem's counts overflow 64 bits; `in_channels` must be smaller";
        /// The head's counts do not fit 64 bits.
        HeadOverflows = "the head's counts overflow 64 bits; `num_features` must be smaller";
        /// All counts together do not fit 64 bits.
        NetworkOverflows = "the network's counts overflow 64 bits; its channels must be fewer";
        /// Counts at the table's own size do not fit 64 bits.
        SizeOverflows = "the counts at this image size overflow 64 bits; it must be smaller";

        /// A budget has no limit.
        EmptyBudget = "this budget limits nothing: write `params: …` or `macs: …` into it";
        /// The network exceeds a limit of its budget.
        OverBudget { limit: Limit, size: usize, total: u64, most: u64, part: CostPart, cost: u64 } =
            "`{limit}`{} are {}, over the budget of {}; {part} costs most, {}",
            at_size(*limit, *size), thousands(*total), thousands(*most), thousands(*cost);
    }
}

impl Mistake {
    /// The mistake of several kernels in one row.
    pub(crate) const MIXED_KERNELS: Self =
        Self::Beyond { things: "mixed kernels", instead: "; `kernel` must be 3, 5 or 7" };

    /// The mistake of a name that is not in the set `T`.
    pub(crate) fn unknown<T: Named>(found: &str) -> Self {
        Self::Unknown { what: T::WHAT, found: found.to_owned(), names: T::NAMES }
    }
}

impl std::error::Error for Mistake {}
