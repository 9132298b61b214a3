//! What is told of slips, and that what was meant is read all the same.

use super::tests::{ROW, errors, setting_errors, table};

/// Checks that a text has one mistake, which says this.
fn one(text: &str, mistake: &str) {
    assert_eq!(errors(text), [mistake], "{text}");
}

#[test]
fn brackets_around_other_things_than_cells() {
    let block = "\"r2_k3_s1_e1_i24_o24_c1\"";
    one(&format!("[{block}]"), "1:1: a block string stands without brackets: remove them");
    one(&format!("[{ROW}, {ROW}]"), "1:1: rows stand between `<` and `>` without further brackets: remove these");
    one(
        "[r2, k3, s1, e1, i24, o24, se0.25]",
        "1:1: these are the parts of a block string: write `\"r2_k3_s1_e1_i24_o24_se0.25\"`",
    );
    one("[1; 8]", "1:1: `[1; 8]` is not expanded: write each cell");
    assert_eq!(errors(&format!("[{ROW}, [1, 4, 1, 1, 8, 8, fused, 0]]")).len(), 2);
    assert_eq!(errors("[r2, k3, s1, e1, i24, o24, c2]").len(), 2);
}

#[test]
fn cells_that_have_been_told_are_not_counted() {
    for (text, count) in [("()", 1), ("(;)", 3), ("[,]", 1), ("[]", 1), ("() ()", 3), ("(1)", 2), ("[(1), .5]", 2)] {
        assert_eq!(errors(text).len(), count, "{text}");
    }
}

#[test]
fn names_in_front_of_cells() {
    one(
        "[operator: mbconv, repeats: 1, kernel: 3, stride: 1, in: 8, out: 16, expansion: 4, se_ratio: 0.25]",
        "1:2: cells have no names: write `[1, 3, 1, 4, 8, 16, mbconv, 0.25]`",
    );
    one(
        "[operator: conv, repeats: 1, kernel: 3, stride: 1, in: 8, out: 16, expansion: 1, se_ratio: 0, { shortcut: true }]",
        "1:2: cells have no names: write `[1, 3, 1, 1, 8, 16, conv, 0, { … }]`",
    );
    one("[1, 3, stride: 1, 1, 8, 8, fused, 0]", "1:8: cells have no names: write `[1, 3, 1, 1, 8, 8, fused, 0]`");
    let found = errors("[se_ratio: 2, repeats: 1, kernel: 4, stride: 1, in: 8, out: 8, expansion: 1, operator: fused]");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn options_without_braces() {
    one(
        "[1, 3, 1, 4, 8, 8, mbconv, 0, shortcut: false, activation: relu]",
        "1:31: a row's options stand in braces behind its eighth cell: write `{ shortcut: … }`",
    );
    assert_eq!(errors("[1, 3, 1, 4, 8, 8, mbconv, 0, shortcut: no]").len(), 2);
}

#[test]
fn commas_are_asked_for_once() {
    one("[1 3 1 1 8 8 fused 0]", "1:4: a `,` is missing in front of `3` and of each cell behind it");
    one(&format!("{ROW} {ROW} {ROW}"), "1:30: a `,` is missing in front of `[ … ]` and of each row behind it");
    one(
        "[1; 3; 1; 1; 8; 8; fused; 0]",
        "1:3: unexpected `;` behind a cell: write `,` for it and for each `;` behind it",
    );
    one("[1, 3. 1, 1, 8, 8, fused, 0]", "1:5: `3.` ends in a point, and a `,` is missing: write `3,`");
    one("[, 1, 3, 1, 1, 8, 8, fused, 0]", "1:2: expected a cell here");
    one("[1, , 1, 1, 8, 8, fused, 0]", "1:5: expected a cell here");
    assert_eq!(errors("[1, 3 1, 1 8, 8, fused, 0]").len(), 2);
    let found = errors("[1, 3, 1, 1, 8, 8, fused; 2]; [1, 4, 1, 1, 8, 8, fused, 0]");
    assert_eq!(found.len(), 4, "what stands behind a semicolon is checked: {found:?}");
}

#[test]
fn values_that_rust_would_compute() {
    let cell = |value: &str, mistake: &str| one(&format!("[1, 3, 1, 1, 8, {value}, fused, 0], {ROW}"), mistake);
    cell(
        "1 << 3",
        "1:19: unexpected `<` behind a cell: expected `,` or the end; arithmetic is not evaluated: write the resulting number",
    );
    cell("8 as usize", "1:19: a table has no casts: remove `as usize`");
    cell("channels!(8)", "1:17: macros are not expanded in a table: write what `channels!` gives");
    cell("+8", "1:17: a number has no `+` in front: write `8`");
    let constant = "it must be a positive whole number; a table sees a name, not its value: write the number, or let a \
                    `macro_rules!` put it in";
    cell("WIDTH", &format!("1:17: `out` is `WIDTH`; {constant}"));
    cell("usize::MAX", &format!("1:17: `out` is `usize::MAX`; {constant}"));
    one("concat!(\"r2\")", "1:1: macros are not expanded in a table: write what `concat!` gives");
    one(
        "[1, 3, 1, 1, 8, 8, mbconv, 25%]",
        "1:30: unexpected `%` behind a number: write a share, such as `0.25` for 25 %",
    );
    one("[1, 3, 1, 1, 8, 8, 0.25, mbconv]", "1:20: `operator` stands in front of `se_ratio`: write `mbconv, 0.25`");
    setting_errors("mean: [0.5; 3]", &["7: `[0.5; 3]` is not expanded: write `0.5`, which alone is for all channels"]);
    setting_errors("mean: (0.4, 0.4, 0.4)", &["7: a list stands in brackets: write `[ … ]` instead of `( … )`"]);
}

#[test]
fn what_stands_around_the_table() {
    one(
        &format!("struct A < {ROW} >;"),
        "1:1: unexpected `struct` in front of the table's `<`: remove what stands there",
    );
    one(&format!("< T > < {ROW} >;"), "1:1: a model has no generic parameters: remove `<T>`");
    one(&format!("< const N: usize > < {ROW} >;"), "1:1: a model has no generic parameters: remove `<const N: usize>`");
    one(&format!("< {ROW} > {{}};"), "1:36: `;` stands in place of settings, not behind them: remove it");
    let bare = "settings stand in braces: put `{` in front of them and `}` behind them";
    one(&format!("< {ROW} > dropout: 0.2, drop_path: 0.1"), &format!("1:34: {bare}"));
    one(&format!("< {ROW} > dropout: 0.2;"), &format!("1:34: {bare}"));
    assert_eq!(errors(&format!("< {ROW} > dropout: 2, drop_path: 2")).len(), 3);
    let found = errors(&format!("< {ROW} > where Self: Sized {{ dropout: 2 }}"));
    assert_eq!(found.len(), 2, "settings behind something unexpected are read: {found:?}");
    one("<", "1:2: the table is not closed: put `>` behind its last row");
}

#[test]
fn what_stands_around_a_settings_name() {
    setting_errors("\"dropout\": 0.1", &["1: a setting's name stands without quotes: write `dropout`"]);
    setting_errors("dropout:: 0.1", &["9: a second `:` stands behind `dropout`: write `dropout: …`"]);
    setting_errors("dropout => 0.1", &["9: a `:` is missing behind `dropout`: write `dropout: …`"]);
    let semicolon = "unexpected `;` behind a setting: write `,` for it and for each `;` behind it";
    setting_errors("width: 1; depth: 1; bn_eps: 1;", &[&format!("9: {semicolon}")]);
    let attribute = "a table takes no attributes or doc comments: write `// …` for a comment";
    setting_errors("#[doc = \"a\"] dropout: 0.1", &[&format!("1: {attribute}")]);
    one("[1, #[cfg(x)] 3, 1, 1, 8, 8, fused, 0]", &format!("1:5: {attribute}"));
    assert_eq!(table(&format!("< {ROW} > {{ crate: ::effnet }}")), table(ROW));
}

#[test]
fn scaling_is_told_at_its_factor() {
    let range = "it must be a number from 0.01 to 100";
    setting_errors(
        "width: 0.0001, depth: 1e9",
        &[&format!("8: `width` is 0.0001; {range}"), &format!("23: `depth` is 1000000000; {range}")],
    );
    setting_errors("width: 1e300", &[&format!("8: `width` is 1e300; {range}")]);
    let found = errors("< [1, 3, 1, 1, 8, 10000000000, fused, 0] > { width: 100 }");
    assert_eq!(found, ["1:53: `width` is 100 and makes the network's counts overflow 64 bits; it must be smaller"]);
}

#[test]
fn others_words() {
    let settings = |word: &str, said: &str| {
        let found = errors(&format!("< {ROW} > {{ {word}: 1 }}"));
        assert!(found.len() == 1 && found[0].contains(said), "{word}: {found:?}");
    };
    settings(
        "num_classes",
        "unknown setting `num_classes`: remove it; the number of classes is the first argument of `new`",
    );
    settings("drop_connect_rate", "did you mean `drop_path`?");
    settings("Dropout", "did you mean `dropout`?");
    settings("survival_prob", "did you mean `drop_path` (1 minus the probability of survival)?");
    settings(
        "norm_layer",
        "the DSL has no normalisations besides batch normalisation (see \"What the DSL will not say\" in the",
    );
    let head = errors(&format!("< {ROW} > {{ head: 1280 }}"));
    assert!(head[0].ends_with("unknown head `1280`: write `num_features: …` for the channels of its convolution"));
    settings("learning_rate", "unknown setting `learning_rate`: expected one of ");
    let activation = |word: &str, said: &str| {
        let found = errors(&format!("< {ROW} > {{ activation: {word} }}"));
        assert!(found.len() == 1 && found[0].contains(said), "{word}: {found:?}");
    };
    activation("gelu", "unknown activation `gelu`: expected one of ");
    activation("Activation::Silu", "did you mean `silu`?");
    activation("hswish", "did you mean `hard_swish`?");
    let operator = |word: &str, said: &str| {
        let found = errors(&format!("[1, 3, 1, 1, 8, 8, {word}, 0]"));
        assert!(found.len() == 1 && found[0].contains(said), "{word}: {found:?}");
    };
    operator("er", "did you mean `fused` (timm's `er`)?");
    operator("cn", "did you mean `conv` (timm's `cn`)?");
    operator("uir", "the DSL has no universal inverted bottlenecks");
    operator("fu\u{455}ed", "its `\u{455}` is U+0455, which no name has; did you mean `fused`?");
}
