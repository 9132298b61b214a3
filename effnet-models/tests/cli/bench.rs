//! The JSON that others rely on.

use crate::support::{effnet, fail, folder, misuse, succeed, succeed_json, write_digits};

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
        assert_eq!((&json["device"], &json["precision"]), (&"cpu".into(), &"f32".into()));
        assert_eq!((&json["mode"], &json["size"], &json["batch"]), (&mode.into(), &32.into(), &2.into()));
        assert_eq!((&json["threads"], &json["runs"], &json["classes"]), (&2.into(), &3.into(), &10.into()));
    }
}

#[test]
fn bf16_is_for_inference() {
    let folder = folder();
    let bench = |mode| {
        let mut command = effnet(folder.path());
        command.args(["bench", "--table", "tiny.table", "--size", "32", "--runs", "2", "--json", "--mode", mode]);
        command.args(["--precision", "bf16", "--profile"]);
        command
    };
    let json = succeed_json(&mut bench("infer"));
    assert_eq!(json["precision"], "bf16");
    let kinds = json["profile"]["kinds"].as_array().expect("an array of parts");
    assert!(kinds.iter().any(|kind| kind["name"] == "Narrow"), "{json}");
    fail(&mut bench("train"), &["a training step in bf16 needs a GPU"]);
}

#[test]
fn bench_prints_for_people() {
    let folder = folder();
    let mut command = effnet(folder.path());
    let text = succeed(command.args(["bench", "--table", "tiny.table", "--size", "32", "--runs", "2"]));
    assert!(text.contains("median") && text.contains("images/s"), "{text}");
}

#[test]
fn loading_counts_the_images_of_a_data_set() {
    let folder = folder();
    write_digits(&folder.path().join("images"), 2, 3);
    let mut command = effnet(folder.path());
    command.args(["bench", "--mode", "load", "--data", "images", "--size", "32", "--threads", "1", "--batch", "4"]);
    let json = succeed_json(command.args(["--runs", "2", "--json"]));
    assert_eq!((&json["mode"], &json["size"], &json["classes"]), (&"load".into(), &32.into(), &2.into()));
    let number = |key: &str| json[key].as_f64().expect("a number");
    let images = number("images_per_second") * number("median_ms") / 1e3;
    assert!((images - 6.0).abs() < 1e-6, "{json}");
    fail(effnet(folder.path()).args(["bench", "--mode", "load"]), &["name a data set with --data"]);
    fail(effnet(folder.path()).args(["bench", "--data", "images"]), &["--data is for --mode load"]);
    for unused in [["--variant", "s"], ["--classes", "3"], ["--precision", "bf16"], ["--device", "cpu"]] {
        let mut command = effnet(folder.path());
        misuse(command.args(["bench", "--mode", "load", "--data", "images"]).args(unused), &["--data", unused[0]]);
    }
}

/// Every block is there in either mode, and the parts add up.
#[test]
fn a_profile_has_every_block_and_adds_up() {
    let folder = folder();
    for (mode, places) in [
        ("infer", &["stem", "block 0", "block 1", "block 2", "head"] as &[_]),
        ("train", &["stem", "block 0", "block 1", "block 2", "head", "rest"]),
    ] {
        let mut command = effnet(folder.path());
        command.args(["bench", "--table", "tiny.table", "--size", "32", "--batch", "2", "--profile", "--json"]);
        let json = succeed_json(command.args(["--runs", "3", "--classes", "10", "--mode", mode]));
        let profile = &json["profile"];
        let parts = |of: &str| profile[of].as_array().cloned().expect("an array of parts");
        let names: Vec<_> = parts("blocks").iter().map(|part| part["name"].as_str().map(str::to_owned)).collect();
        assert_eq!(names, places.iter().map(|place| Some((*place).to_owned())).collect::<Vec<_>>());
        let total = profile["total_ms"].as_f64().expect("a number");
        for of in ["blocks", "kinds"] {
            let sum: f64 = parts(of).iter().filter_map(|part| part["ms"].as_f64()).sum();
            assert!((sum - total).abs() <= 1e-6 * total, "{of}: {sum} of {total}");
        }
        assert!(profile["peak_gflops"].as_f64().is_some_and(|peak| peak > 0.5), "{profile}");
        let operations = |kinds: &[&str]| -> f64 {
            let of_kind = |part: &serde_json::Value| kinds.iter().any(|kind| part["name"] == *kind);
            let found = parts("kinds").into_iter().filter(of_kind);
            found.map(|part| part["ms"].as_f64().unwrap_or(0.0) * part["gflops"].as_f64().unwrap_or(0.0)).sum()
        };
        if mode == "train" {
            // A weight's gradient takes as many multiplications as the result.
            let forward = operations(&["Pointwise Forward", "Convolution Forward", "StridedConvolution Forward"]);
            let weight = operations(&["Pointwise Weight", "Convolution Weight", "StridedConvolution Weight"]);
            assert!(forward > 0.0 && (forward - weight).abs() <= 1e-6 * forward, "{forward} {weight}");
        }
    }
}

#[test]
fn a_prediction_counts_the_threads_up_and_names_what_they_wait_for() {
    let folder = folder();
    let bench = |mode: &str| {
        let mut command = effnet(folder.path());
        command.args([
            "bench",
            "--table",
            "tiny.table",
            "--size",
            "64",
            "--batch",
            "2",
            "--threads",
            "2",
            "--runs",
            "5",
        ]);
        command.args(["--classes", "10", "--mode", mode, "--predict", "6"]);
        command
    };
    for mode in ["infer", "train"] {
        let json = succeed_json(bench(mode).arg("--json"));
        let prediction = &json["prediction"];
        let number = |of: &serde_json::Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("{key} in {of}"));
        let rows = prediction["threads"].as_array().expect("a row for each number of threads");
        let threads: Vec<_> = rows.iter().map(|row| row["threads"].as_u64()).collect();
        assert_eq!(threads, [1, 2, 4, 6].map(Some));
        let (work, span) = (number(prediction, "work_ms"), number(prediction, "span_ms"));
        assert!(number(prediction, "alone_ms") <= span && span <= work, "{json}");
        assert!((number(&rows[0], "ms") - work).abs() < 1e-9 && (number(&rows[0], "speed_up") - 1.0).abs() < 1e-9);
        assert!(rows.iter().all(|row| span <= number(row, "least_ms") + 1e-9), "{json}");
        assert!(rows.iter().all(|row| number(row, "least_ms") <= number(row, "ms") + 1e-9), "{json}");
        assert_eq!(number(prediction, "predicted_ms"), number(&rows[1], "ms"));
        assert_eq!(number(prediction, "measured_ms"), number(&json, "median_ms"));
        assert!(number(prediction, "jobs") > 5.0 && number(prediction, "job_us") > 0.0, "{json}");
        let losses = prediction["losses"].as_array().expect("an array of losses");
        assert!(losses.iter().all(|loss| loss["by"].as_str().is_some_and(|by| by.contains(".rs:"))), "{json}");
    }
    let text = succeed(&mut bench("infer"));
    assert!(text.contains("threads        ms  at least  times as fast\n      1 "), "{text}");
    misuse(bench("train").args(["--ranks", "2"]), &["--predict", "--ranks"]);
}
