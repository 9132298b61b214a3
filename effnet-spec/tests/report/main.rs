//! Summaries: against what torchsummary itself prints, the memory pins, and as people and machines read them.

#[path = "../support/mod.rs"]
mod support;

use effnet_spec::grammar::parse_table;
use effnet_spec::{Operator, Row, Settings, Size, Spec, report};

const SIZE: Size = Size { height: 45, width: 37 };
use support::{NAMES, spec};

/// The table of `generate.py`.
fn tiny() -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 5, 2, 4, 8, 16, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 4, 16, 24, Operator::MbConv, 0.25),
        Row::new(1, 3, 1, 6, 24, 24, Operator::MbConv, 0.0),
    ];
    let settings = Settings { num_features: 48, ..Settings::DEFAULT };
    Spec { name: "Tiny".into(), rows: rows.into(), settings }
}

#[test]
fn torchsummary_prints_what_torchsummary_prints() {
    let ours = report::torchsummary(&tiny(), SIZE, 7);
    assert_eq!(ours, include_str!("torchsummary.txt"));
}

#[test]
fn torchsummary_totals() {
    for (name, lines) in [
        ("l", ["Forward/backward pass size (MB): 1576.33", "Params size (MB): 452.10", "Total Size (MB): 2029.18"]),
        ("s", ["Forward/backward pass size (MB): 552.86", "Params size (MB): 81.86", "Total Size (MB): 635.46"]),
    ] {
        let text = report::torchsummary(&spec(name), Size::square(256), 1_000);
        for line in lines {
            assert!(text.contains(line), "{name}: no {line:?} in\n{text}");
        }
    }
}

#[test]
fn markdown_is_an_aligned_table_with_totals() {
    let expected = "\
| stage | operator           | kernel | stride | expansion | channels | repeats |   SE | resolution | params |    MACs |
|:------|:-------------------|-------:|-------:|----------:|---------:|--------:|-----:|-----------:|-------:|--------:|
| stem  | conv               |    3×3 |      2 |           |        8 |         |      |      23×19 |    232 | 94.39 k |
| 1     | fused              |    3×3 |      1 |         1 |        8 |       1 |      |      23×19 |    592 | 251.7 k |
| 2     | fused              |    5×5 |      2 |         4 |       16 |       2 |      |      12×10 | 33,792 | 4.024 M |
| 3     | mbconv             |    3×3 |      2 |         4 |       24 |       2 | 0.25 |        6×5 | 11,178 | 352.1 k |
| 4     | mbconv             |    3×3 |      1 |         6 |       24 |       1 |      |        6×5 |  8,832 | 246.2 k |
| head  | conv, pool, linear |    1×1 |      1 |           |       48 |         |      |        6×5 |  1,591 | 34.90 k |

56,217 parameters for 7 classes in 6 blocks; 5.004 M MACs and 50.13 k activations for an image of 45×37 pixels.

Settings: `num_features: 48`.
";
    assert_eq!(report::markdown(&tiny(), SIZE, 7), expected);
}

#[test]
fn table_has_a_line_for_each_part() {
    let text = report::table(&spec("xl"), Size::square(512), 1_000);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), "name, blank, heading, stem, head, blank, totals, settings".split(", ").count() + 7);
    assert_eq!(lines[0], "EfficientNetV2XL");
    assert_eq!(
        lines[13],
        "208,119,808 parameters for 1,000 classes in 100 blocks; 93.35 G MACs and 247.3 M activations for an image of \
         512×512 pixels."
    );
    assert_eq!(lines[14], "Settings: dropout: 0.4, train_size: 384, eval_size: 512.");
}

#[test]
fn table_shows_options_where_a_row_has_some() {
    let rows =
        "[1, 3, 1, 1, 8, 8, conv, 0], [2, 3, 2, _, 8, 16, mbconv, _, { expanded: 24, squeezed: 6, shortcut: false }],
                [1, 3, 1, 2, 16, 16, fused, 0, { same_stage: true }]";
    let spec = parse_table("Odd", &format!("< {rows} > {{ head: none, stem_kernel: 5 }}")).expect("a table");
    let text = report::table(&spec, SIZE, 7);
    let expected = "\
Odd

stage  operator      kernel  stride  expansion  channels  repeats    SE  resolution  params     MACs  options
stem   conv             5×5       2                    8                      23×19     616  262.2 k
1      conv             3×3       1          1         8        1             23×19     592  251.7 k
2      mbconv           3×3       2      24 ch        16        2  6 ch       12×10   2,668  274.6 k  shortcut: false
       fused            3×3       1          2        16        1             12×10   5,216  614.4 k
head   pool, linear                                   16                      12×10     119      112

9,211 parameters for 7 classes in 4 blocks; 1.403 M MACs and 35.79 k activations for an image of 45×37 pixels.
Settings: stem_kernel: 5, head: none.
";
    assert_eq!(text, expected);
}

#[test]
fn json_holds_the_counts() {
    for name in NAMES {
        let spec = Spec { name: "a \"quoted\"\n\\ name".into(), ..spec(name) };
        let image = Size::square(spec.settings.default_size());
        let text = report::json(&spec, image, 1_000);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let cost = spec.cost(image, 1_000);
        assert_eq!(json["name"], "a \"quoted\"\n\\ name");
        assert_eq!([&json["params"], &json["macs"], &json["activations"]], [cost.params, cost.macs, cost.activations]);
        assert_eq!(json["blocks"], spec.num_blocks());
        let stages = json["stages"].as_array().expect("a list");
        assert_eq!(stages.len(), spec.rows.len());
        let parts = stages.iter().chain([&json["stem"], &json["head"]]);
        let params: u64 = parts.map(|part| part["params"].as_u64().expect("a count")).sum();
        assert_eq!(params, cost.params);
        assert_eq!(stages[1]["operator"], "fused");
        assert_eq!(stages[1]["output"][0], image.height.div_ceil(4));
    }
}
