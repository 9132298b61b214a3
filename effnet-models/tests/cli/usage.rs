//! Words that the command line does not know, and tables with mistakes.

use effnet_models::{VARIANTS, Variant};
use effnet_runtime::spec::listed;

use crate::support::{effnet, fail, folder, misuse, succeed, train};

#[test]
fn help_lists_the_commands() {
    let folder = folder();
    let help = succeed(effnet(folder.path()).arg("--help"));
    for command in ["train", "eval", "predict", "summary", "bench", "check"] {
        assert!(help.contains(&format!("\n  {command}")), "{command} is not in {help}");
    }
}

#[test]
fn an_unknown_variant_is_answered_with_the_known_ones() {
    let folder = folder();
    let known = listed(VARIANTS.iter().map(Variant::name));
    let parts = ["there is no variant `efficentnetv2-s`: did you mean `s`?", &known];
    misuse(effnet(folder.path()).args(["summary", "--variant", "efficentnetv2-s"]), &parts);
    misuse(train(folder.path()).args(["--variant", "efficentnetv2-s"]), &parts);
}

#[test]
fn help_lists_the_variants() {
    let folder = folder();
    let help = succeed(effnet(folder.path()).args(["summary", "--help"]));
    let names: Vec<_> = VARIANTS.iter().map(Variant::name).collect();
    let words: Vec<_> = help.split_whitespace().collect();
    assert!(words.join(" ").contains(&names.join(", ")), "{help}");
}

#[test]
fn a_variant_has_its_names_in_other_libraries() {
    let folder = folder();
    let summary = |name: &str| succeed(effnet(folder.path()).args(["summary", "--variant", name]));
    for name in ["EfficientNet_B0", "tf_efficientnet_b0.ns_jft_in1k"] {
        assert_eq!(summary(name), summary("efficientnet-b0"));
    }
}

#[test]
fn an_unknown_flag_or_command_is_named() {
    let folder = folder();
    misuse(effnet(folder.path()).args(["train", "--variant", "b0", "--epoch", "3"]), &["'--epoch'", "'--epochs'"]);
    misuse(effnet(folder.path()).arg("trian"), &["'trian'", "'train'"]);
    misuse(effnet(folder.path()).args(["summary", "--variant", "b0", "--size", "big"]), &["'big'", "--size"]);
}

#[test]
fn a_network_must_be_said_once() {
    let folder = folder();
    misuse(effnet(folder.path()).arg("summary"), &["error: say which network: --variant NAME or --table FILE"]);
    misuse(
        effnet(folder.path()).args(["summary", "--variant", "b0", "--table", "tiny.table"]),
        &["'--variant <NAME>' cannot be used with '--table <FILE>'"],
    );
}

#[test]
fn a_missing_table_is_named() {
    let folder = folder();
    fail(effnet(folder.path()).args(["summary", "--table", "none.table"]), &["cannot read the table file none.table"]);
}

#[test]
fn a_tables_mistake_has_line_and_column() {
    let folder = folder();
    std::fs::write(folder.path().join("bad.table"), "// one row\n[1, 3, 1, 1, 8, 8, fussed, 0],\n").expect("written");
    fail(
        effnet(folder.path()).args(["summary", "--table", "bad.table"]),
        &["bad.table, line 2, column 20: unknown operator `fussed`", "did you mean `fused`?"],
    );
}

#[test]
fn all_mistakes_of_a_table_are_told_at_once() {
    let folder = folder();
    let text = "[1, 4, 1, 1, 8, 8, fused, 0],\n[0, 3, 1, 1, 9, 8, fused, 0]";
    std::fs::write(folder.path().join("bad.table"), text).expect("written");
    let output = effnet(folder.path()).args(["summary", "--table", "bad.table"]).assert().code(1).get_output().clone();
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(errors.starts_with("error: bad.table has 3 mistakes:\n  line 1, column 5: "), "{errors}");
    assert_eq!(errors.lines().count(), 4, "{errors}");
}

/// A byte order mark is passed over, and another encoding named, in every text that a flag takes.
#[test]
fn texts_may_have_a_byte_order_mark_and_are_utf_8() {
    let folder = folder();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (flags, text, read) in [
        (["summary", "--table"].as_slice(), "[1, 4, 1, 1, 8, 8, fused, 0]", "line 1, column 5: `kernel` is 4"),
        (&["train", "--variant", "b0", "--output", "run", "--config"], "nonsense = 1", "`nonsense`"),
        (&["train", "--variant", "b0", "--output", "run", "--recipe"], "nonsense = 1", "`nonsense`"),
    ] {
        for (bytes, part) in [
            (text.as_bytes().to_vec(), read),
            (format!("\u{feff}{text}").into_bytes(), read),
            (utf_16(&format!("\u{feff}{text}")), "it is UTF-16: save it as UTF-8"),
            ([text.as_bytes(), b"# caf\xe9"].concat(), "it is not UTF-8: save it as UTF-8"),
        ] {
            std::fs::write(folder.path().join("file.toml"), bytes).expect("written");
            fail(effnet(folder.path()).args(flags).arg("file.toml"), &["file.toml", part]);
        }
    }
}
