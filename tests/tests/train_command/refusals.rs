use std::fs;

use crate::Place;

#[test]
fn a_folder_with_a_run_is_refused_with_what_to_type() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--quiet", "--output", "run"]);
    let error = place.fails(&["--epochs", "1", "--output", "run"]);
    assert_eq!(
        error,
        "`run` exists already: add --resume to continue the run in it, or name another folder with --output"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let error = place.fails(&["--epochs", "1", "--output", "file/run"]);
    assert!(error.starts_with("cannot create `file/run`"), "{error}");
    if cfg!(unix) {
        let error = place.fails(&["--epochs", "1", "--output", "/proc/run"]);
        assert!(error.starts_with("cannot create `/proc/run"), "{error}");
    }
}

#[test]
fn flags_that_make_no_sense_are_usage_errors() {
    let place = Place::new();
    for args in
        [&["--epoch", "1"][..], &["--epochs", "many"], &["--dialect", "timm"], &["--json", "--quiet"], &["x.png"]]
    {
        let ended = place.run(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.err);
        assert!(ended.err.starts_with("error: "), "{}", ended.err);
    }
    assert!(place.run(&["--epoch", "1"]).err.contains("--epochs"), "a similar flag is named");
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
}

#[test]
fn values_that_make_no_sense_are_named() {
    let place = Place::new();
    for (args, named) in [
        (["--epochs", "0"], "epochs = 0"),
        (["--batch", "0"], "batch = 0"),
        (["--lr", "0"], "optimizer.lr = 0"),
        (["--threads", "0"], "compute.threads = 0"),
        (["--size", "100000"], "size 100000"),
        (["--val-fraction", "0.5"], "the bundled digits"),
        (["--recipe", "paper"], "there is no recipe `paper`"),
        (["--config", "none.toml"], "`none.toml`"),
        (["--pretrained", "none.safetensors"], "none.safetensors"),
    ] {
        let error = place.fails(&args);
        assert!(error.contains(named), "{args:?}: {error}");
    }
    assert!(!place.path("runs").exists(), "a run that cannot begin leaves no folder");
}

#[test]
fn a_device_that_this_build_lacks_is_refused() {
    let place = Place::new();
    let error = place.fails(&["--device", "cuda"]);
    assert!(error.contains("no CUDA support"), "{error}");
    assert!(place.fails(&["--device", "tpu"]).contains("there is no device `tpu`"));
    let error = place.fails(&["--device", "cpu", "--precision", "bf16"]);
    assert_eq!(error, "--precision bf16 needs a GPU: leave it out, or say --device cuda");
    assert!(!place.path("runs").exists());
}

#[test]
fn a_run_that_diverges_stops_before_anything_changes() {
    let place = Place::new();
    let args = ["--epochs", "3", "--quiet", "--output", "run", "--lr", "1e30"];
    let error = place.fails(&args);
    assert!(error.contains("the run stopped at step ") && error.contains("not finite"), "{error}");
    assert!(error.contains("--lr"), "{error}");
}
