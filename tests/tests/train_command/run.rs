use std::fs;
use std::path::Path;

use crate::{Place, metrics};

#[test]
fn a_run_on_the_bundled_digits_ends_with_a_figure_and_what_to_type_next() {
    let place = Place::new();
    let out = place.succeeds(&["--epochs", "2"]);
    let first = out.lines().next().unwrap();
    assert!(first.starts_with("Tiny: ") && first.contains("recipe digits; run folder runs/Tiny-1"), "{out}");
    assert!(out.contains("1,437 training and 360 validation images"), "{out}");
    let estimate = out.lines().find(|line| line.starts_with("an epoch takes about")).expect(&out);
    assert!(estimate.contains("the rest of the run") && estimate.contains("predicted"), "{estimate}");
    assert!(estimate.contains("measured so far"), "{estimate}");
    assert!(out.contains("epoch   2/2  train loss"), "{out}");
    assert!(out.contains("best top-1 "), "{out}");
    let next = out.lines().last().unwrap();
    let words: Vec<&str> = next.split(' ').collect();
    let checkpoint = "runs/Tiny-1/checkpoints/best.safetensors";
    assert_eq!(words[..words.len() - 1], ["try", "it:", "effnet", "predict", "--weights", checkpoint]);
    assert!(place.path(words[words.len() - 1]).is_file() && place.path(checkpoint).is_file(), "{next}");

    let run = place.path("runs/Tiny-1");
    let table = fs::read_to_string(run.join("metrics.csv")).unwrap();
    assert!(
        table.starts_with(
            "epoch,step,lr,size,train_loss,val_loss,val_top1,val_top5,ema_loss,ema_top1,ema_top5,seconds\n1,"
        ),
        "{table}"
    );
    assert_eq!(table.lines().count(), 3);
    let settings = fs::read_to_string(run.join("config.toml")).unwrap();
    assert!(settings.contains("model = \"Tiny\"") && settings.contains("recipe = \"digits\""), "{settings}");
    for name in ["epoch-0002", "best", "last"] {
        assert!(run.join(format!("checkpoints/{name}.safetensors")).is_file(), "{name}");
    }
}

#[test]
fn runs_without_a_folder_are_numbered() {
    let place = Place::new();
    for _ in 0..2 {
        place.succeeds(&["--epochs", "1", "--quiet"]);
    }
    assert!(place.path("runs/Tiny-1").is_dir() && place.path("runs/Tiny-2").is_dir());
    assert_eq!(metrics(&place.path("runs/Tiny-1")), metrics(&place.path("runs/Tiny-2")));
}

#[test]
fn threads_and_loaders_change_no_bit_of_the_run() {
    let place = Place::new();
    let run = |name: &str, threads: &str, loaders: &str| {
        let size = ["--epochs", "1", "--size", "32", "--quiet", "--output", name];
        let args = [&size[..], &["--threads", threads, "--loader-threads", loaders]].concat();
        place.succeeds(&args);
        fs::read(place.path(name).join("checkpoints/last.safetensors")).unwrap()
    };
    let first = run("one", "1", "1");
    for (name, threads, loaders) in
        [("again", "1", "1"), ("two", "2", "1"), ("loaders-2", "1", "2"), ("loaders-4", "2", "4")]
    {
        assert!(run(name, threads, loaders) == first, "{name}");
    }
    assert!(run_seed(&place, "seed") != first);
}

fn run_seed(place: &Place, name: &str) -> Vec<u8> {
    place.succeeds(&["--epochs", "1", "--size", "32", "--quiet", "--output", name, "--seed", "1"]);
    fs::read(place.path(name).join("checkpoints/last.safetensors")).unwrap()
}

#[test]
fn quiet_prints_the_result_and_json_one_object_a_line() {
    let place = Place::new();
    let quiet = place.succeeds(&["--epochs", "1", "--quiet"]);
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    assert!(quiet.starts_with("best top-1 "), "{quiet}");

    let out = place.succeeds(&["--epochs", "2", "--json"]);
    let events: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["start", "estimate", "epoch", "epoch", "result"]);
    assert!(events[0]["params"].as_u64().unwrap() > 0);
    assert!(events[1]["predicted_peak_bytes"].as_u64().unwrap() > 0);
    let best = events[4]["best_top1"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&best));
    assert!(place.0.path().join(Path::new(events[4]["checkpoint"].as_str().unwrap())).is_file());
}

#[test]
fn logs_come_when_asked_for() {
    let place = Place::new();
    let silent = place.run(&["--epochs", "1", "--quiet"]);
    assert_eq!((silent.code, silent.err.as_str()), (Some(0), ""));
    let verbose = place.run(&["--epochs", "1", "--quiet", "-v"]);
    assert!(verbose.err.contains("CPU kernels run at level"), "{}", verbose.err);
}
