//! What holds of every legal network.

#[path = "support/any.rs"]
mod any;

use effnet_spec::grammar::{Report, Token, TokenKind, lex, parse_table};
use effnet_spec::{Mistake, Row, Scaling, Size};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Texts of tokens, groups closed, that tables are made of or that people put there.
fn soup() -> impl Strategy<Value = String> {
    let leaves = "< > , ; : :: # ! - + . = => % * 1 3. 0.25 24 22M 1e999 0x1 fused mbconv conv ir er gelu mean std dropout \
                  width depth budget params at crate num_classes head repeats kernel in as struct where _ r2 k3 se0 \
                  \"r1_k3_s1_e1_i8_o8\" \"R1,K3\" \"ir_r1_c9\" \"\" \"_\"";
    let leaf = select(leaves.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let legal = Just("[1, 3, 1, 1, 8, 8, fused, 0]".to_owned());
    let group = |(open, inside, close): (&str, Vec<String>, &str)| format!("{open} {} {close}", inside.join(" "));
    let token = prop_oneof![4 => leaf, 1 => legal].prop_recursive(4, 40, 9, move |inner| {
        let delimiters = select(vec![("[", "]"), ("{", "}"), ("(", ")"), ("<", ">")]);
        (delimiters, vec(inner, 0..9)).prop_map(move |((open, close), inside)| group((open, inside, close)))
    });
    vec(token, 0..9).prop_map(|tokens| tokens.join(" "))
}

/// The number of tokens, each delimiter one.
fn count<S>(tokens: &[Token<S>]) -> usize {
    let counts = tokens.iter().map(|token| match &token.kind {
        TokenKind::Group(group) => 2 + count(&group.tokens),
        _ => 1,
    });
    counts.sum()
}

/// Checks that a text has no more mistakes than tokens, those aside that a token is missing; a text without tokens lacks
/// a table.
fn no_more_mistakes_than_tokens(text: &str) -> Result<(), TestCaseError> {
    let mut report = Report::new();
    let (tokens, _) = lex(text, &mut report);
    if report.finish().is_ok() {
        let mistakes = parse_table("Any", text).err().unwrap_or_default();
        let is_missing = |mistake: &Mistake| {
            matches!(mistake, Mistake::NoComma { .. } | Mistake::NoCommas { .. } | Mistake::UnclosedTable)
        };
        let there = mistakes.iter().filter(|error| !is_missing(&error.mistake)).count();
        prop_assert!(there <= count(&tokens).max(1), "{}: {:#?}", text, mistakes);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_legal_network_has_no_mistakes(spec in any::spec()) {
        prop_assert_eq!(spec.validate(), []);
    }

    #[test]
    fn block_strings_round_trip(spec in any::spec()) {
        for row in spec.rows() {
            if let Some(text) = row.to_block_string() {
                prop_assert_eq!(Row::from_block_string(&text), Ok(*row));
            }
        }
    }

    #[test]
    fn table_text_round_trips(spec in any::spec()) {
        prop_assert_eq!(parse_table("Any", &spec.to_string()), Ok(spec));
    }

    #[test]
    fn any_tokens_have_no_more_mistakes_than_tokens(text in soup()) {
        no_more_mistakes_than_tokens(&text)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        drop(parse_table("Any", &text));
        drop(Row::from_block_string(&text));
    }

    /// A table with one character less or another in its place.
    #[test]
    fn a_damaged_table_is_read_or_refused(spec in any::spec(), at in any::<prop::sample::Index>(), other in "[;,.:<>(){}#=a1 ]?") {
        let text = spec.to_string();
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let [front, behind] = [&characters[..at], &characters[at + 1..]].map(|part| part.iter().collect::<String>());
        no_more_mistakes_than_tokens(&format!("{front}{other}{behind}"))?;
    }

    #[test]
    fn scaling_by_one_changes_nothing(spec in any::spec()) {
        prop_assert_eq!(spec.scaled(&Scaling::v2(1.0, 1.0)), spec);
    }

    #[test]
    fn a_scaled_network_is_legal(spec in any::spec(), scaling in any::scaling()) {
        let scaled = spec.scaled(&scaling);
        prop_assert_eq!(scaled.validate(), []);
        prop_assert_eq!(scaled.stages().count(), spec.stages().count());
    }

    /// Counted another way, over the modules of the PyTorch model.
    #[test]
    fn costs_are_those_of_the_modules(spec in any::spec(), height in 1..90_usize, width in 1..90_usize) {
        let image = Size { height, width };
        let cost = spec.cost(image, 7);
        let modules = spec.modules(image, 7);
        let params: u64 = modules.iter().map(|module| module.params).sum();
        let put_out = modules.iter().filter(|module| matches!(module.class, "Conv2d" | "Linear"));
        let activations: u64 = put_out.map(|module| module.elements()).sum();
        prop_assert_eq!((params, activations), (cost.params, cost.activations));
        prop_assert_eq!(spec.costs(image, 7).total(), cost);
    }

    #[test]
    fn blocks_follow_one_another(spec in any::spec()) {
        let blocks: Vec<_> = spec.blocks().collect();
        prop_assert_eq!(blocks.len(), spec.num_blocks());
        let mut channels = spec.stem_channels();
        for (index, block) in blocks.iter().enumerate() {
            prop_assert_eq!((block.index, block.in_channels), (index, channels));
            let first = index == 0 || blocks[index - 1].row != block.row;
            prop_assert!(first || block.stride == 1);
            prop_assert_eq!(block.drop_path, spec.settings.drop_path * index as f64 / blocks.len() as f64);
            channels = block.out_channels;
        }
        prop_assert_eq!(channels, spec.last_channels());
    }
}
