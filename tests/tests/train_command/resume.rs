use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::{Place, metrics};

/// Four epochs of 44 steps on little images.
const RUN: [&str; 6] = ["--epochs", "4", "--size", "32", "--output", "run"];
const RESUME: [&str; 3] = ["--resume", "--output", "run"];

fn last(run: &Path) -> Vec<u8> {
    fs::read(run.join("checkpoints/last.safetensors")).unwrap()
}

/// Starts a run, waits for the line that begins with `until`, and ends it. Returns the exit code and the rest of what the
/// run printed.
fn stop(place: &Place, until: &str, end: impl FnOnce(&mut Child)) -> (Option<i32>, String) {
    let mut child: Child = place.command(&RUN).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with(until)).expect("the run ended early");
    end(&mut child);
    let rest: Vec<String> = lines.collect();
    (child.wait().unwrap().code(), rest.join("\n"))
}

fn straight(place: &Place) -> (Vec<u8>, Vec<String>) {
    place.succeeds(&["--epochs", "4", "--size", "32", "--quiet", "--output", "straight"]);
    (last(&place.path("straight")), metrics(&place.path("straight")))
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_checkpoint_and_a_resume_equals_the_straight_run_to_the_bit() {
    let place = Place::new();
    let (weights, rows) = straight(&place);
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let (ended, out) = stop(&place, "an epoch takes", |child| {
            let id = child.id().to_string();
            assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        });
        assert_eq!(ended, Some(code), "{out}");
        assert!(out.contains("stopped at step ") && out.contains("--resume --output run"), "{out}");
        let out = place.succeeds(&RESUME);
        assert!(out.contains("resumed after ") && out.contains("best top-1 "), "{out}");
        assert!(last(&place.path("run")) == weights, "{signal}");
        assert_eq!(metrics(&place.path("run")), rows);
        fs::remove_dir_all(place.path("run")).unwrap();
    }
}

#[test]
fn a_killed_run_goes_on_from_its_last_epoch() {
    let place = Place::new();
    let (weights, rows) = straight(&place);
    let (ended, _) = stop(&place, "epoch   2/4", |child| child.kill().unwrap());
    assert_eq!(ended, if cfg!(unix) { None } else { Some(1) });
    place.succeeds(&RESUME);
    assert!(last(&place.path("run")) == weights);
    assert_eq!(metrics(&place.path("run")), rows);
}

#[test]
fn a_finished_run_says_so() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--quiet", "--output", "run"]);
    let before = last(&place.path("run"));
    let out = place.succeeds(&RESUME);
    assert!(out.contains("the run in run is finished: all 1 epochs are done"), "{out}");
    assert!(out.contains("best top-1 "), "{out}");
    assert!(last(&place.path("run")) == before);
}

#[test]
fn what_does_not_fit_the_run_is_refused() {
    let place = Place::new();
    assert!(place.fails(&["--resume"]).contains("--output"));
    assert!(place.fails(&["--resume", "--output", "none"]).contains("there is no run in `none`"));

    place.succeeds(&["--epochs", "1", "--quiet", "--output", "run"]);
    let error = place.fails(&["--resume", "--output", "run", "--lr", "0.5"]);
    assert!(error.starts_with("the run in `run` has optimizer.lr = ") && error.contains("not 0.5"), "{error}");
    let error = place.fails(&["--resume", "--output", "run", "--set", "optimizer.lrr=0.5"]);
    assert_eq!(error, "--set has an unknown setting `optimizer.lrr`: did you mean `optimizer.lr`?");
    // The same value, and threads, may be said again.
    place.succeeds(&["--resume", "--output", "run", "--epochs", "1", "--threads", "1"]);

    let settings = place.path("run/config.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("\"Tiny\"", "\"Other\"")).unwrap();
    let error = place.fails(&RESUME);
    assert!(error.starts_with("the run in `run` trains `Other`, not `Tiny`"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--quiet", "--output", "run"]);
    let path = place.path("run/checkpoints/last.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = place.fails(&RESUME);
    assert!(error.contains("last.safetensors") && error.contains("damaged"), "{error}");
}
