//! Everything that can be wrong with a table, whoever finds it: the macro, a table file's reader, validation or a
//! budget. Each mistake is data, with its sentence beside it.

mod name;
mod words;

use std::fmt;

pub use name::Name;
pub(crate) use name::block_key;
pub(crate) use words::row_forms;
pub use words::{CostPart, Item};
use words::{
    are_missing, at_size, cells, expected, joined, list, missing_cells, on_top, one_a_channel, one_of, written,
};

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
        let mistake = Mistake::Illegal { name: Name::Cell(column), value: value.to_string() };
        Self { place: Place::Cell(row, column), mistake }
    }

    /// The mistake that a setting has this value, which is not legal.
    pub(crate) fn setting(key: Key, value: impl fmt::Display) -> Self {
        let mistake = Mistake::Illegal { name: Name::Setting(key), value: value.to_string() };
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
        /// There is no `>`.
        UnclosedTable = "the table is not closed: put `>` behind its last row";
        /// Settings follow rows that stand in no `< … >`.
        SettingsWithoutTable = "settings stand behind a table in angle brackets: put `<` in front of the first row and \
                                `>` behind the last";
        /// Neither `;` nor settings follow the table of a struct.
        NoEndOfStruct = "the struct is not ended: put `;` or `{{ settings }}` behind the table's `>`";
        /// A token stands behind the whole table.
        AfterTable { found: String } =
            "unexpected `{found}`: a table is followed by `{{ settings }}` or `;`, and by nothing else";
        /// The start of another model stands behind the whole table.
        AnotherModel { found: String } = "unexpected `{found}`: a table is followed by `{{ settings }}` or `;`, and by \
                                          nothing else; another model takes another call of the macro";

        /// A row stands in parentheses.
        RowInParentheses = "a row stands in brackets: write `[ … ]` instead of `( … )`";
        /// An attribute or a doc comment stands between rows.
        AttributeInTable = "a table takes no attributes or doc comments: write `// …` for a comment";
        /// A comma stands in the place of a row.
        NoRow = "expected a row in front of this `,`";
        /// Another token stands in the place of a row.
        NotARow { found: String } = "expected a row, found `{found}`: a row is {}", row_forms();
        /// A row has fewer than eight cells. `operator` is the place of the first word, as only an operator is one.
        TooFewCells { count: usize, operator: Option<usize> } =
            "a row has 8 cells, this one has {count}: {}; the cells are `{}`",
            missing_cells(*count, *operator), cells();
        /// A row has more than eight cells.
        TooManyCells { count: usize } =
            "a row has 8 cells, this one has {count}: remove what starts here; the cells are `{}`", cells();

        /// Two items have no comma between them.
        NoComma { next: String } = "a `,` is missing in front of `{next}`";
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
        /// A token that begins no value stands in the place of one.
        NotAValue { found: String } = "expected a value, found `{found}`";
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
            "unknown {what} `{found}`: {}", expected(found, names);
        /// A name is given a value twice.
        Twice { name: Name } = "`{name}` is set twice: remove one";
        /// A value is not of its name's kind.
        Unreadable { name: Name, text: String } = "`{name}` {}; it must be {}", written(text), name.legal();
        /// A value is not in its name's range.
        Illegal { name: Name, value: String } = "`{name}` is {value}; it must be {}", name.legal();

        /// A block string lacks keys.
        NoKeys { missing: Vec<Column> } =
            "{} missing; the keys are {}", are_missing(missing), list(&name::BLOCK_KEYS);
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
    /// The mistake of a name that is not in the set `T`.
    pub(crate) fn unknown<T: Named>(found: &str) -> Self {
        Self::Unknown { what: T::WHAT, found: found.to_owned(), names: T::NAMES }
    }

    /// The mistake of a part of a block string that begins with no key.
    pub(crate) fn unknown_key(part: &str) -> Self {
        Self::Unknown { what: "key in", found: part.to_owned(), names: &name::BLOCK_KEYS }
    }
}

impl std::error::Error for Mistake {}
