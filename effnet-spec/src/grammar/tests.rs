//! Table files through the whole grammar.

use super::parse_table;
use crate::{Activation, DepthRounding, Gate, HeadKind, Operator, Padding, Row, Scale, Scaling, SeOf, Settings, Spec};

pub(super) fn errors(text: &str) -> Vec<String> {
    let errors = parse_table("table", text).expect_err(text);
    errors.iter().map(|error| error.to_string().replacen("line ", "", 1).replacen(", column ", ":", 1)).collect()
}

pub(super) fn table(text: &str) -> Spec {
    parse_table("table", text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

pub(super) const ROW: &str = "[1, 3, 1, 1, 8, 8, fused, 0]";

/// Checks the mistakes of `{ settings }` behind a legal row, with columns counted from the settings' own.
pub(super) fn setting_errors(settings: &str, expected: &[&str]) {
    let found = errors(&format!("< {ROW} > {{\n{settings} }}"));
    let found: Vec<&str> = found.iter().map(|error| error.trim_start_matches("2:")).collect();
    assert_eq!(found, expected, "{settings}");
}

#[test]
fn rows_may_stand_alone_or_between_angle_brackets() {
    let bare = table("[2, 3, 2, 4, 24, 48, fused, 0], // why\n\"r1_k5_s1_e6_i48_o64_se0.25\"");
    let whole = table("< [2, 3, 2, 4, 24, 48, 0, 0], [1, 5, 1, 6, 48, 64, 1, 0.25], >");
    assert_eq!(bare, whole);
    assert_eq!(bare.name, "table");
    assert_eq!(bare.rows()[1], Row::new(1, 5, 1, 6, 48, 64, Operator::MbConv, 0.25));
    assert_eq!(bare.settings, Settings::DEFAULT);
    assert_eq!(table(&format!("< {ROW} >;")), table(ROW));
}

#[test]
fn every_setting_is_read() {
    let spec = table(
        "< [1, 3, 1, 1, 8, 8, fused, 0] > {
            in_channels: 4, stem: 8, num_features: 64, dropout: 0.3, drop_path: 0.1, bn_eps: 1e-5, bn_momentum: 0.01,
            padding: same, activation: hard_swish, train_size: 128, eval_size: 160, mean: [0.1, 0.2, 0.3, -0.4],
            std: 0.25, budget: { params: 1M, macs: 0.5G, at: 96 }, crate: some::where_else, head: pooled,
            head_bias: false, stem_kernel: 5, se_gate: hard_sigmoid, se_activation: relu, se_of: expanded,
        }",
    );
    let expected = Settings {
        in_channels: 4,
        num_features: 64,
        dropout: 0.3,
        drop_path: 0.1,
        bn_eps: 1e-5,
        bn_momentum: 0.01,
        padding: Padding::Same,
        activation: Activation::HardSwish,
        train_size: Some(128),
        eval_size: Some(160),
        mean: vec![0.1, 0.2, 0.3, -0.4].into(),
        std: vec![0.25].into(),
        head: HeadKind::Pooled,
        head_bias: false,
        stem_kernel: 5,
        se_gate: Gate::HardSigmoid,
        se_activation: Some(Activation::Relu),
        se_of: SeOf::Expanded,
    };
    assert_eq!(spec.settings, expected);
}

#[test]
fn every_option_is_read() {
    let spec = table(
        "[2, 3, 2, _, 8, 16, mbconv, _, { expanded: 24, squeezed: 6, shortcut: false, activation: relu }],
         [1, 3, 1, 1, 16, 16, mbconv, 0, { expand_conv: true, project_activation: true, same_stage: true }],
         [1, 1, 1, 1, 16, 64, conv, 0], [1, 3, 1, 1, 64, 64, 2, 0, { shortcut: true }], \"r1_k3_s1_e4_i64_o64_noskip\"",
    );
    let text = [
        "[2, 3, 2, _, 8, 16, mbconv, _, { shortcut: false, expanded: 24, squeezed: 6, activation: relu }]",
        "[1, 3, 1, 1, 16, 16, mbconv, 0, { same_stage: true, expand_conv: true, project_activation: true }]",
        "[1, 1, 1, 1, 16, 64, conv, 0]",
        "[1, 3, 1, 1, 64, 64, conv, 0, { shortcut: true }]",
        "[1, 3, 1, 4, 64, 64, mbconv, 0, { shortcut: false }]",
    ];
    assert_eq!(spec.rows().iter().map(ToString::to_string).collect::<Vec<_>>(), text);
    let stages: Vec<(usize, usize)> = spec.blocks().map(|block| (block.stage, block.repeat)).collect();
    assert_eq!(stages, [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (3, 0)]);
}

#[test]
fn an_option_that_means_nothing_is_a_mistake() {
    for (row, expected) in [
        (
            "[1, 3, 1, _, 8, 8, fused, 0]",
            "1:11: `expansion` is left out with `_`: say `{ expanded: … }` behind the eighth cell, or write the number here",
        ),
        (
            "[1, 3, 1, 4, 8, 8, fused, 0, { expanded: 24 }]",
            "1:42: `expanded` stands in place of the cell `expansion`: write `_` into the cell, or remove the option",
        ),
        ("[1, 3, 1, 4, 8, 8, fused, _, { squeezed: 0 }]", "1:42: `squeezed` is 0; it must be a positive whole number"),
        ("[1, 3, 1, 4, 8, 8, fused, 0, { shortcut: no }]", "1:42: `shortcut` is `no`; it must be `true` or `false`"),
        (
            "[1, 3, 1, 4, 8, 8, fused, 0, { expand_conv: true }]",
            "1:45: `expand_conv` is for an expansion of 1; with any other, a block has its expand convolution: remove it",
        ),
        (
            "[1, 3, 1, 1, 8, 8, fused, 0, { project_activation: true }]",
            "1:52: `project_activation` is for a projection; this block's only convolution has its activation: remove it",
        ),
        (
            "[1, 3, 1, 1, 8, 8, fused, 0, { same_stage: true }]",
            "1:44: `same_stage` continues the stage of the row above, and this row is the first: remove it",
        ),
        ("[1, 3, 1, 2, 8, 8, conv, 0]", "1:11: `expansion` is 2; a `conv` block does not expand: write 1"),
        ("[1, 9, 1, 1, 8, 8, conv, 0]", "1:5: `kernel` is 9; it must be 1, 3, 5 or 7"),
        ("[1, 1, 1, 1, 8, 8, mbconv, 0]", "1:5: `kernel` is 1; it must be 3, 5 or 7"),
        (
            "[1, 3, 1, 1, 8, 8, conv, 0.5]",
            "1:26: `se_ratio` is 0.5; a `conv` block has no squeeze-and-excitation: write 0",
        ),
        ("[1, 3, 1, 1, 8, 8, conv, _, { squeezed: 4 }]", "1:41: a `conv` block has no use for `squeezed`: remove it"),
    ] {
        assert_eq!(errors(row), [expected], "{row}");
    }
}

#[test]
fn a_setting_that_means_nothing_is_a_mistake() {
    setting_errors(
        "head: none, num_features: 8, fixed_features: true",
        &[
            "27: `head: none` has no convolution that `num_features` could be for: remove one of them",
            "46: `head: none` has no convolution that `fixed_features` could be for: remove one of them",
        ],
    );
    setting_errors(
        "head_bias: false",
        &["12: `head_bias` is for `head: pooled`; no other head's convolution has a bias: remove it"],
    );
    setting_errors(
        "scale: lite, min_features: 8",
        &["28: `min_features` is for a head that is scaled, and `scale: lite` leaves it as it is: remove one of them"],
    );
}

/// EfficientNet-B3 and EfficientNet-Lite4 by their base tables, against automl's numbers.
#[test]
fn other_families_scale_by_their_own_rules() {
    let rows =
        "< [1, 3, 1, 1, 32, 16, mbconv, 0.25], [2, 3, 2, 6, 16, 24, mbconv, 0.25], [2, 5, 2, 6, 24, 40, mbconv, 0.25],
                [3, 3, 2, 6, 40, 80, mbconv, 0.25], [3, 5, 1, 6, 80, 112, mbconv, 0.25],
                [4, 5, 2, 6, 112, 192, mbconv, 0.25], [1, 3, 1, 6, 192, 320, mbconv, 0.25] >";
    let b3 = table(&format!("{rows} {{ scale: v1, width: 1.2, depth: 1.4 }}"));
    assert_eq!(b3.params(1_000), 12_233_232);
    let lite = rows.replace("0.25", "0");
    let lite4 = table(&format!("{lite} {{ scale: lite, width: 1.4, depth: 1.8, activation: relu6 }}"));
    assert_eq!(lite4.params(1_000), 13_006_568);
    let by = Scaling { scale: Scale::Lite, depth_rounding: DepthRounding::Nearest, ..Scaling::v2(1.4, 1.8) };
    assert_eq!(table(&lite).scaled(&by).stem_channels(), 32);
}

#[test]
fn width_and_depth_are_applied() {
    let rows = "< [1, 3, 1, 1, 32, 16, fused, 0], [2, 3, 2, 4, 16, 32, fused, 0] >";
    let scaled = table(&format!("{rows} {{ width: 1.2, depth: 1.4, stem: 32 }}"));
    assert_eq!(scaled, table(rows).scaled(&Scaling::v2(1.2, 1.4)));
    assert_eq!((scaled.stem_channels(), scaled.num_blocks(), scaled.settings.num_features), (40, 5, 1536));
}

#[test]
fn all_mistakes_come_at_once_and_in_order() {
    let found = errors(
        "< [1, 4, 3, 1, 8, 8, fuse, 0],
           [0, 3, 1, 1, 9, 8, mbconv, 2],
           \"r1_k3\",
           [1, 3, 1, 1, 8, fused, 0] > { dropot: 1, padding: saem, std: 0, dropout: 0.1, dropout: 0.2 }",
    );
    let places: Vec<&str> = found.iter().map(|error| error.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(
        places,
        ["1:7", "1:10", "1:22", "2:13", "2:25", "2:39", "3:12", "4:12", "4:42", "4:62", "4:73", "4:90"],
        "{found:#?}"
    );
}

#[test]
fn a_cell_that_cannot_be_read_causes_no_other_mistake() {
    assert_eq!(errors("[1, 3, 1, 1, 8, x, fused, 0], [1, 3, 1, 1, 16, 8, fused, 0]").len(), 1);
    assert_eq!(errors("[1, 3, 1, 1, 8, 8, fused, 0], [1, 3, 1, 1, x, 8, fused, 0]").len(), 1);
    assert_eq!(errors("[1, 3, 1, 1, 8, 8, fused], [1, 3, 1, 1, 16, 8, fused, 0]").len(), 1);
    assert_eq!(errors("[1, 3, 1, 1, 8, 24, fused, 0], nonsense, [1, 3, 1, 1, 16, 8, fused, 0]").len(), 1);
    setting_errors(
        "in_channels: four, mean: [1, 2, 3, 4]",
        &["14: `in_channels` is `four`; it must be a positive whole number"],
    );
}

#[test]
fn rows_are_told_what_they_lack() {
    let cells = "the cells are `[repeats, kernel, stride, expansion, in, out, operator, se_ratio]`";
    for (row, error) in [
        (
            "[1, 3, 1, 1, 8, 8, fused]",
            "1:1: a row has 8 cells, this one has 7: `se_ratio` is missing behind the operator (0 for none)",
        ),
        (
            "[3, 1, 1, 8, 8, fused, 0]",
            "1:1: a row has 8 cells, this one has 7: one is missing in front of the operator",
        ),
        ("[3, 1, 8, 8, fused]", "1:1: a row has 8 cells, this one has 5: 2 are missing in front of the operator"),
        ("[1, 2]", "1:1: a row has 8 cells, this one has 2: 6 are missing"),
        ("[1, 3, 1, 1, 8, 8, fused, 0, 5]", "1:30: a row has 8 cells, this one has 9: remove what starts here"),
    ] {
        assert_eq!(errors(row), [format!("{error}; {cells}")]);
    }
    assert_eq!(errors(""), ["1:1: the table is empty; it must have at least one row"]);
    assert_eq!(errors("<> { dropout: 0 }"), ["1:1: the table is empty; it must have at least one row"]);
}

#[test]
fn rows_and_cells_are_separated_by_commas() {
    assert_eq!(errors(&format!("{ROW}\n{ROW}")), ["2:1: a `,` is missing in front of `[ … ]`"]);
    assert_eq!(errors("[1, 3, 1 1, 8, 8, fused, 0]"), ["1:10: a `,` is missing in front of `1`"]);
    assert_eq!(errors("[1, 3,, 1, 1, 8, 8, fused, 0]")[0], "1:7: expected a cell here");
    assert_eq!(errors(&format!("{ROW},,{ROW}")), ["1:30: expected a row in front of this `,`"]);
    assert_eq!(
        errors("[1, 3, 1, 1, 8, 4 * 2, fused, 0]"),
        [
            "1:19: unexpected `*` behind a cell: expected `,` or the end; arithmetic is not evaluated: write the resulting number"
        ]
    );
    assert_eq!(
        errors("(1, 3, 1, 1, 8, 8, fused, 0)"),
        ["1:1: a row stands in brackets: write `[ … ]` instead of `( … )`"]
    );
    assert_eq!(
        errors(&format!("#[doc] {ROW}")),
        ["1:1: a table takes no attributes or doc comments: write `// …` for a comment"]
    );
}

#[test]
fn a_table_is_closed_and_nothing_follows_it() {
    assert_eq!(errors(&format!("< {ROW} {{}}")), ["1:32: the table is not closed: put `>` behind its last row"]);
    assert_eq!(
        errors(&format!("{ROW} {{ dropout: 0.1 }}")),
        [
            "1:30: settings stand behind a table in angle brackets: put `<` in front of the first row and `>` behind the last"
        ]
    );
    assert_eq!(errors(&format!("< {ROW}")), ["1:31: the table is not closed: put `>` behind its last row"]);
    let settings = "a table is followed by `{ settings }` or `;`, and by nothing else";
    assert_eq!(errors(&format!("< {ROW} > {{}} 1")), [format!("1:37: unexpected `1`: {settings}")]);
    assert_eq!(
        errors(&format!("< {ROW} > dropout: 0.2")),
        ["1:34: settings stand in braces: put `{` in front of them and `}` behind them"]
    );
}

#[test]
fn settings_are_told_what_they_lack() {
    setting_errors("dropout 0.2", &["9: a `:` is missing behind `dropout`: write `dropout: …`"]);
    setting_errors("dropout = 0.2", &["9: a `:` is missing behind `dropout`: write `dropout: …`"]);
    setting_errors("dropout:, drop_path: 0", &["9: `dropout` has no value: write `dropout: …`"]);
    setting_errors("dropout: 0.2 drop_path: 0", &["14: a `,` is missing in front of `drop_path`"]);
    setting_errors(
        "0.2, drop_path: 0",
        &["1: expected a setting's name, found `0.2`: settings are `name: value`, separated by `,`"],
    );
    setting_errors("dropout: 0.2, dropout: 0.2", &["15: `dropout` is set twice: remove one"]);
    setting_errors("crate: a::, dropout: 0", &["11: expected a name behind `::`"]);
}

#[test]
fn values_are_told_what_is_legal() {
    setting_errors("padding: valid", &["10: unknown padding `valid`: expected one of `symmetric`, `same`"]);
    setting_errors("padding: 1", &["10: unknown padding `1`: expected one of `symmetric`, `same`"]);
    setting_errors(
        "activation: swish",
        &["13: unknown activation `swish`: did you mean `silu`? Expected one of `silu`, `relu`, `relu6`, `hard_swish`"],
    );
    setting_errors(
        "activation: sliu",
        &["13: unknown activation `sliu`: did you mean `silu`? Expected one of `silu`, `relu`, `relu6`, `hard_swish`"],
    );
    setting_errors("dropout: -0.1", &["10: `dropout` is -0.1; it must be a number from 0 to below 1"]);
    setting_errors("dropout: high", &["10: `dropout` is `high`; it must be a number from 0 to below 1"]);
    setting_errors(
        "dropout: .5",
        &["10: expected a value, found `.`; a number starts with a digit: write `0.5` for `.5`"],
    );
    setting_errors("eval_size: 38.4", &["12: `eval_size` is `38.4`; it must be a positive whole number"]);
    setting_errors("eval_size: 384px", &["12: `384px` has a suffix: write `384`"]);
    setting_errors(
        "eval_size: 1k",
        &["12: `1k` has the suffix `k`, which only a `budget` takes: write the number out"],
    );
    setting_errors("eval_size: 0x10", &["12: `0x10` is not decimal: write the number in base ten"]);
    setting_errors("mean: []", &["7: `mean` is `[ … ]`; it must be one number from -1 to 1, or one for each channel"]);
    setting_errors(
        "mean: [0.5, x, 0.5]",
        &["13: `mean` is `x`; it must be one number from -1 to 1, or one for each channel"],
    );
    setting_errors("width: 0", &["8: `width` is 0; it must be a number from 0.01 to 100"]);
    setting_errors("stem: 16", &["7: `stem` is 16, but the first row takes 8 channels; they must be equal"]);
    setting_errors("crate: 1", &["8: `crate` is `1`; it must be a path such as `crate::effnet`"]);
}

#[test]
fn budgets_are_read_and_checked() {
    setting_errors(
        "budget: 22M",
        &["9: `budget` is `22M`; it must be limits such as `{ params: 22M, macs: 8.4G, at: 384 }`"],
    );
    setting_errors("budget: { at: 384 }", &["9: this budget limits nothing: write `params: …` or `macs: …` into it"]);
    setting_errors(
        "budget: { parms: 22M, macs: 1G }",
        &["11: unknown limit `parms`: did you mean `params`? Expected one of `params`, `macs`, `at`"],
    );
    setting_errors(
        "budget: { params: 22m }",
        &["19: unknown suffix `m`: did you mean `M`? Expected one of `k` (thousand), `M` (million), `G` (billion)"],
    );
    setting_errors("budget: { macs: 1G, at: 0 }", &["25: `at` is 0; it must be a positive whole number"]);
    let found = errors(&format!("< {ROW} > {{ budget: {{ params: 1k, macs: 1k, at: 32 }} }}"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("1:54: `params` are ") && found[1].starts_with("1:64: `macs` at 32 px are "),
        "{found:?}"
    );
}

#[test]
fn limits_on_the_network_hold_after_scaling() {
    let found = errors("< [1000, 3, 1, 1, 8, 8, fused, 0] > { depth: 1.1 }");
    assert_eq!(found, ["1:46: `depth` is 1.1 and makes 1100 blocks of 1000; a network has at most 1000"]);
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(table(&format!("\u{feff}< {ROW} >")), table(&format!("< {ROW} >")));
    assert_eq!(errors("\u{feff}[1, 4, 1, 1, 8, 8, fused, 0]"), ["1:5: `kernel` is 4; it must be 3, 5 or 7"]);
}

/// A kernel of 1 is legal for the operator that is meant, and who expands is unknown.
#[test]
fn what_depends_on_an_unread_cell_is_no_mistake() {
    let conv = "1:20: unknown operator `cnov`: did you mean `conv`? Expected one of `fused` (or 0), `mbconv` (or 1), \
                `conv` (or 2)";
    assert_eq!(errors("[1, 1, 1, 1, 8, 8, cnov, 0]"), [conv]);
    let expansion = "1:11: `expansion` is `x`; it must be a positive whole number";
    assert_eq!(errors("[1, 3, 1, x, 8, 8, fused, 0, { project_activation: true }]"), [expansion]);
}
