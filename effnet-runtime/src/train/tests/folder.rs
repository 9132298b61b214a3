use std::fs;

use super::tiny_config;
use crate::train::metrics::{self, EmaMetrics, Metrics};
use crate::train::{Error, RunFolder};

#[test]
fn a_folder_that_holds_something_is_refused_with_what_to_type() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let folder = RunFolder::create(Some(&path), "tiny").unwrap();
    assert!(folder.checkpoints().is_dir() && folder.samples().is_dir());
    let error = RunFolder::create(Some(&path), "tiny").unwrap_err();
    assert!(matches!(error, Error::Exists(_)));
    assert!(error.to_string().contains("add --resume") && error.to_string().contains("--output"), "{error}");

    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(RunFolder::create(Some(&file), "tiny"), Err(Error::Exists(_))));
    let empty = parent.path().join("empty");
    fs::create_dir(&empty).unwrap();
    RunFolder::create(Some(&empty), "tiny").unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_one_clear_sentence() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let error = RunFolder::create(Some(&file.join("run")), "tiny").unwrap_err().to_string();
    assert!(error.starts_with("cannot create `") && error.contains("file/run`"), "{error}");
}

#[test]
fn a_folder_without_a_run_is_not_resumed() {
    let parent = tempfile::tempdir().unwrap();
    let error = RunFolder::open(parent.path()).unwrap_err();
    assert!(matches!(error, Error::NoRun(_)), "{error:?}");
}

#[test]
fn settings_read_back() {
    let parent = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(Some(&parent.path().join("run")), "tiny").unwrap();
    let config = tiny_config("optimizer.lr = 0.1234567890123");
    folder.write_config(&config).unwrap();
    assert_eq!(folder.config().unwrap(), config);
    assert_eq!(RunFolder::open(folder.path()).unwrap(), folder);
}

#[test]
fn the_latest_checkpoints_are_kept_and_links_survive() {
    let parent = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(Some(&parent.path().join("run")), "tiny").unwrap();
    for epoch in [1, 2, 10, 9999, 10_000] {
        fs::write(folder.epoch(epoch), epoch.to_string()).unwrap();
        folder.link(&folder.epoch(epoch), &folder.last()).unwrap();
        if epoch == 2 {
            folder.link(&folder.epoch(epoch), &folder.best()).unwrap();
        }
    }
    folder.prune(2).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.checkpoints())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["best.safetensors", "epoch-10000.safetensors", "epoch-9999.safetensors", "last.safetensors"]);
    assert_eq!(fs::read_to_string(folder.best()).unwrap(), "2");
    assert_eq!(fs::read_to_string(folder.last()).unwrap(), "10000");
    assert!(folder.epoch(3).ends_with("checkpoints/epoch-0003.safetensors"));
}

#[test]
fn metrics_have_one_row_an_epoch_and_lose_those_after_a_resume() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("metrics.csv");
    metrics::begin(&path, 0).unwrap();
    let row = |epoch| Metrics {
        epoch,
        step: 10 * epoch,
        lr: 0.1,
        size: 64,
        train_loss: 1.5,
        val_loss: 1.25,
        val_top1: 1.0 / 3.0,
        val_top5: 1.0,
        ema: (epoch == 2).then_some(EmaMetrics { loss: 1.0, top1: 0.5, top5: 0.75 }),
        seconds: 2.345,
    };
    for epoch in 1..=3 {
        metrics::append(&path, &row(epoch)).unwrap();
    }
    // A row that was cut off by a crash goes too.
    fs::write(&path, fs::read_to_string(&path).unwrap() + "4,4").unwrap();
    metrics::begin(&path, 2).unwrap();
    metrics::append(&path, &row(3)).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "epoch,step,lr,size,train_loss,val_loss,val_top1,val_top5,ema_loss,ema_top1,ema_top5,seconds\n\
         1,10,0.1,64,1.5,1.25,0.3333333333333333,1,,,,2.35\n\
         2,20,0.1,64,1.5,1.25,0.3333333333333333,1,1,0.5,0.75,2.35\n\
         3,30,0.1,64,1.5,1.25,0.3333333333333333,1,,,,2.35\n"
    );
}
