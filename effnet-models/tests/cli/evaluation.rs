//! From a run to predictions and figures, with nothing but the file that it wrote.

use crate::support::{RUN, effnet, fail, folder, misuse, succeed, succeed_json};

#[test]
fn a_run_leaves_what_it_promises() {
    let config = std::fs::read_to_string(RUN.output().join("config.toml")).expect("config.toml");
    assert!(config.contains("epochs = 4"), "{config}");
    let metrics = std::fs::read_to_string(RUN.output().join("metrics.csv")).expect("metrics.csv");
    let header = metrics.lines().next().expect("a header");
    for column in ["epoch", "step", "lr", "train_loss", "val_loss", "val_top1", "val_top5", "seconds"] {
        assert!(header.split(',').any(|name| name == column), "{column} is not in {header}");
    }
    assert_eq!(metrics.lines().count(), 1 + 4);
    for file in ["best.safetensors", "last.safetensors"] {
        assert!(RUN.output().join("checkpoints").join(file).exists(), "{file} is missing");
    }
}

#[test]
fn predict_needs_only_the_file() {
    let folder = folder();
    let mut command = effnet(folder.path());
    command.args(["predict", "--json", "--top", "2", "--weights"]).arg(RUN.weights());
    let lines = succeed(command.arg(RUN.image()).arg(RUN.data().join("0/3.png")));
    let predictions: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(predictions.len(), 2);
    for prediction in &predictions {
        let top = prediction["top"].as_array().expect("top");
        assert_eq!(top.len(), 2);
        let probability = |at: usize| top[at]["probability"].as_f64().expect("a number");
        assert!(probability(0) >= probability(1) && probability(0) + probability(1) <= 1.0 + 1e-6);
        assert_eq!(top[0]["label"], top[0]["index"].to_string(), "labels are the digits' names");
    }
    assert_eq!(predictions[0]["path"], RUN.image().to_str().expect("UTF-8"));
}

#[test]
fn predict_prints_for_people() {
    let folder = folder();
    let mut command = effnet(folder.path());
    let text = succeed(command.args(["predict", "--weights"]).arg(RUN.weights()).arg(RUN.image()));
    assert_eq!(text.lines().count(), 1 + 3, "a path and three classes: {text}");
    assert!(text.contains(" %  "), "{text}");
}

#[test]
fn eval_agrees_with_the_runs_own_measurement() {
    let folder = folder();
    let eval = |extra: &[&str]| {
        let mut command = effnet(folder.path());
        command.args(["eval", "--json", "--weights"]).arg(RUN.weights()).arg("--data").arg(RUN.data());
        succeed_json(command.args(extra))
    };
    let report = eval(&[]);
    let metrics = std::fs::read_to_string(RUN.output().join("metrics.csv")).expect("metrics.csv");
    let mut lines = metrics.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let columns = ["val_top1", "ema_top1"].map(|name| header.iter().position(|found| found == name).expect(name));
    // `best.safetensors` is the better of the weights and their average.
    let top1 = |row: Vec<String>| columns.map(|column| row[column].parse::<f64>().expect("a number"));
    let best = lines.flat_map(top1).fold(0.0, f64::max);
    assert!((report["top1"].as_f64().expect("top1") - best).abs() < 1e-6, "{report} {best}");
    assert_eq!(report["top5"], 1.0, "there are three classes");
    assert_eq!(report["images"], 12);
    let counts = report["confusion"].as_array().expect("counts").iter().map(|taken| taken["count"].as_u64());
    assert_eq!(counts.flatten().sum::<u64>(), 12);

    // One of twelve images may be so near to two classes that rounding decides.
    let rounded = eval(&["--precision", "bf16"])["top1"].as_f64().expect("top1");
    assert!((rounded - best).abs() < 1.5 / 12.0, "{rounded} in bf16, {best} in f32");

    assert_eq!(eval(&["--part", "all"])["images"], 60);
    assert_eq!(eval(&["--part", "train", "--batch", "7"])["images"], 48);
}

/// The bundled digits have a part for validation, and a whole data set no share.
#[test]
fn a_share_that_nothing_is_taken_from_is_refused() {
    let folder = folder();
    let eval = || {
        let mut command = effnet(folder.path());
        command.args(["eval", "--weights"]).arg(RUN.weights());
        command
    };
    for flag in ["--val-fraction", "--seed"] {
        misuse(eval().args([flag, "1"]), &["--data"]);
        fail(eval().args(["--part", "all", flag, "1", "--data"]).arg(RUN.data()), &["leave out --val-fraction"]);
    }
}

#[test]
fn eval_prints_a_matrix() {
    let folder = folder();
    let mut command = effnet(folder.path());
    command.args(["eval", "--weights"]).arg(RUN.weights()).arg("--data").arg(RUN.data());
    let text = succeed(&mut command);
    assert!(text.contains("top-1") && text.contains("confusion (row: true class, column: predicted)"), "{text}");
}

#[test]
fn eval_takes_a_test_set_with_fewer_classes_by_name() {
    let folder = folder();
    let copy = |class: &str, to: &str| {
        let to = folder.path().join(to);
        std::fs::create_dir_all(&to).expect("created");
        for image in 0..20 {
            let name = format!("{image}.png");
            std::fs::copy(RUN.data().join(class).join(&name), to.join(&name)).expect("copied");
        }
    };
    copy("2", "one/2");
    ["0", "2"].into_iter().for_each(|class| copy(class, &format!("two/{class}")));
    ["train", "val"].into_iter().for_each(|part| copy("2", &format!("parts/{part}/2")));
    copy("2", "stranger/cat");
    let eval = |data: &std::path::Path, part: &str| {
        let mut command = effnet(folder.path());
        command.args(["eval", "--json", "--part", part, "--weights"]).arg(RUN.weights()).arg("--data").arg(data);
        command
    };
    let all = succeed_json(&mut eval(&RUN.data(), "all"));
    for (data, part, images) in [("one", "all", [0, 0, 20]), ("two", "all", [20, 0, 20]), ("parts", "val", [0, 0, 20])]
    {
        let report = succeed_json(&mut eval(data.as_ref(), part));
        for (class, images) in images.into_iter().enumerate() {
            let found = &report["classes"][class];
            assert_eq!((&found["label"], &found["images"]), (&class.to_string().into(), &images.into()), "{data}");
            if images > 0 {
                assert_eq!(found["accuracy"], all["classes"][class]["accuracy"], "{data}: by name");
            }
        }
    }
    assert_eq!(succeed_json(&mut eval("one".as_ref(), "val"))["images"], 4, "the share that training would set aside");
    fail(&mut eval("stranger".as_ref(), "all"), &["class cat is not among the 3 that the weights were trained on"]);
}
