//! The JSON that others rely on.

use crate::support::{effnet, folder, succeed, succeed_json};

#[test]
fn both_modes_say_what_they_measured() {
    let folder = folder();
    for mode in ["infer", "train"] {
        let mut command = effnet(folder.path());
        command.args(["bench", "--table", "tiny.table", "--size", "32", "--batch", "2", "--threads", "2", "--json"]);
        let json = succeed_json(command.args(["--runs", "3", "--classes", "10", "--mode", mode]));
        for key in ["median_ms", "min_ms", "images_per_second", "peak_rss_mib"] {
            assert!(json[key].as_f64().is_some_and(|number| number > 0.0), "{key} in {json}");
        }
        assert!(json["min_ms"].as_f64() <= json["median_ms"].as_f64(), "{json}");
        assert!(json["simd"].is_string(), "{json}");
        assert_eq!((&json["mode"], &json["size"], &json["batch"]), (&mode.into(), &32.into(), &2.into()));
        assert_eq!((&json["threads"], &json["runs"], &json["classes"]), (&2.into(), &3.into(), &10.into()));
    }
}

#[test]
fn bench_prints_for_people() {
    let folder = folder();
    let mut command = effnet(folder.path());
    let text = succeed(command.args(["bench", "--table", "tiny.table", "--size", "32", "--runs", "2"]));
    assert!(text.contains("median") && text.contains("images/s"), "{text}");
}
