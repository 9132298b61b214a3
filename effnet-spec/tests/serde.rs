//! Networks in TOML and JSON.

#[path = "support/any.rs"]
mod any;

use effnet_spec::{Activation, Operator, Padding, Row, Settings, Spec};
use proptest::prelude::*;

proptest! {
    #[test]
    fn json_round_trips(spec in any::spec()) {
        let text = serde_json::to_string(&spec).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Spec>(&text).expect("a spec"), spec);
    }

    #[test]
    fn toml_round_trips(spec in any::spec()) {
        let text = toml::to_string(&spec).expect("TOML");
        prop_assert_eq!(toml::from_str::<Spec>(&text).expect("a spec"), spec);
    }
}

const WRITTEN_BY_HAND: &str = r#"
name = "tiny"
rows = [
    [2, 3, 1, 1, 24, 24, "fused", 0],
    "r6_k3_s2_e4_i24_o128_se0.25",
]

[settings]
padding = "same"
eval_size = 64
mean = 0
std = [0.229, 0.224, 0.225]
"#;

#[test]
fn reads_what_a_person_writes() {
    let expected = Spec {
        name: "tiny".into(),
        rows: vec![
            Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0),
            Row::new(6, 3, 2, 4, 24, 128, Operator::MbConv, 0.25),
        ]
        .into(),
        settings: Settings {
            padding: Padding::Same,
            eval_size: Some(64),
            mean: vec![0.0].into(),
            std: vec![0.229, 0.224, 0.225].into(),
            ..Settings::DEFAULT
        },
    };
    assert_eq!(toml::from_str::<Spec>(WRITTEN_BY_HAND).expect("a spec"), expected);
}

#[test]
fn writes_what_a_person_reads() {
    let spec: Spec = toml::from_str(WRITTEN_BY_HAND).expect("a spec");
    let text = toml::to_string(&spec).expect("TOML");
    for line in ["rows = [[2, 3, 1, 1, 24, 24, \"fused\", 0.0], ", "mean = 0.0\n", "std = [0.229, 0.224, 0.225]\n"] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    assert!(!text.contains("train_size"), "{text}");
}

#[test]
fn names_are_those_of_a_table() {
    let written = |name: serde_json::Value| name.as_str().map(str::to_owned).expect("a name");
    for padding in Padding::ALL {
        assert_eq!(written(serde_json::json!(padding)), padding.name());
    }
    for activation in Activation::ALL {
        assert_eq!(written(serde_json::json!(activation)), activation.name());
    }
    for operator in Operator::ALL {
        assert_eq!(written(serde_json::json!(operator)), operator.name());
    }
}

fn error(rows: &str) -> String {
    let json = format!(r#"{{ "name": "x", "rows": [{rows}] }}"#);
    serde_json::from_str::<Spec>(&json).expect_err("a mistake").to_string()
}

#[test]
fn refuses_what_it_does_not_know() {
    let short = error(r#"[2, 3, 1, 1, 24, 24, "fused"]"#);
    assert!(short.starts_with("invalid length 7, expected a row of eight cells, `[repeats, kernel"), "{short}");
    let number = error(r#"[2, 3, 1, 1, 24, 24, "fused", 0, 1]"#);
    assert!(number.starts_with("invalid type: integer `1`, expected a row's options, such as"), "{number}");
    let long = error(r#"[2, 3, 1, 1, 24, 24, "fused", 0, {}, 1]"#);
    assert!(long.starts_with("invalid length 10, expected a row of eight cells"), "{long}");
    let option = error(r#"[2, 3, 1, 1, 24, 24, "fused", 0, { "shortcuts": false }]"#);
    assert!(option.starts_with("unknown field `shortcuts`, expected one of `same_stage`, `shortcut`"), "{option}");
    let cell = error(r#"[2, 3, 1, "x", 24, 24, "fused", 0]"#);
    assert!(cell.starts_with("invalid value: string \"x\", expected a number, or \"_\" where an option"), "{cell}");
    let left_out = error(r#"[2, 3, 1, "_", 24, 24, "fused", 0]"#);
    assert!(left_out.starts_with("`expansion` is left out with `_`: say `{ expanded: … }`"), "{left_out}");
    let both = error(r#"[2, 3, 1, 1, 24, 24, "fused", 0, { "expanded": 96 }]"#);
    assert!(both.starts_with("`expanded` stands in place of the cell `expansion`"), "{both}");
    let operator = error(r#"[2, 3, 1, 1, 24, 24, "fusd", 0]"#);
    assert!(operator.starts_with("unknown variant `fusd`, expected one of `fused`, `mbconv`, `conv`"), "{operator}");
    let block_string = error(r#""r2_k3""#);
    assert!(block_string.starts_with("`s`, `e`, `i`, `o` are missing"), "{block_string}");

    let setting = serde_json::from_str::<Settings>(r#"{ "dropuot": 0.3 }"#).expect_err("a mistake").to_string();
    assert!(setting.starts_with("unknown field `dropuot`, expected one of `in_channels`"), "{setting}");
    let mean = serde_json::from_str::<Settings>(r#"{ "mean": "grey" }"#).expect_err("a mistake").to_string();
    assert!(mean.contains("expected a number, or a list with one for each channel"), "{mean}");
}
