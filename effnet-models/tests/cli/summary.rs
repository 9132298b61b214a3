//! `summary` as a user calls it.

use effnet_models::{VARIANTS, Variant};

use crate::support::{effnet, folder, succeed, succeed_json};

#[test]
fn torchsummary_totals() {
    let folder = folder();
    for (variant, pass, params, total) in [("l", "1576.33", "452.10", "2029.18"), ("s", "552.86", "81.86", "635.46")] {
        let mut command = effnet(folder.path());
        let text =
            succeed(command.args(["summary", "--variant", variant, "--size", "256", "--format", "torchsummary"]));
        for line in [
            format!("Forward/backward pass size (MB): {pass}"),
            format!("Params size (MB): {params}"),
            format!("Estimated Total Size (MB): {total}"),
        ] {
            assert!(text.contains(&line), "{line} is not in {text}");
        }
    }
}

#[test]
fn json_has_what_others_rely_on() {
    let folder = folder();
    let json = succeed_json(effnet(folder.path()).args(["summary", "--variant", "S", "--json"]));
    assert_eq!(json["params"], 21_458_488);
    assert_eq!(json["activations"], 35_766_624);
    assert_eq!(json["stages"].as_array().map(Vec::len), Some(6));
    let same = succeed_json(effnet(folder.path()).args(["summary", "--variant", "s", "--format", "json"]));
    assert_eq!(json, same);
}

#[test]
fn a_table_of_the_users_own() {
    let folder = folder();
    let text = succeed(effnet(folder.path()).args(["summary", "--table", "tiny.table", "--classes", "10"]));
    assert!(text.contains("tiny"), "{text}");
}

#[test]
fn every_variant() {
    let folder = folder();
    for name in VARIANTS.iter().map(Variant::name) {
        let text = succeed(effnet(folder.path()).args(["summary", "--variant", name]));
        insta::assert_snapshot!(format!("table-{name}"), text);
    }
}

#[test]
fn every_format() {
    let folder = folder();
    for format in ["torchsummary", "json", "markdown"] {
        let text = succeed(effnet(folder.path()).args(["summary", "--variant", "b0", "--format", format]));
        insta::assert_snapshot!(format!("{format}-b0"), text);
    }
}
