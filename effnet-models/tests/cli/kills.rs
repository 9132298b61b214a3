//! A run that is killed at any moment leaves a newest checkpoint that can be gone on from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use effnet_runtime::candle::Device;
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::train::checkpoint;
use effnet_runtime::weights::WeightsFile;

use crate::support::write_digits;

/// The least size of a checkpoint that the claim is about.
const STATE_BYTES: u64 = 20 << 20;

/// How many times a run is killed: a few, or as many as the proof `kill-saves` says.
fn kills() -> u64 {
    std::env::var("KILLS").map_or(3, |kills| kills.parse().expect("KILLS is a number"))
}

/// A run that does little but write checkpoints of B0: a step of two small images, and a checkpoint after each.
fn start(folder: &Path, resume: bool) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(folder).args(["--variant", "b0", "--output", "run", "--quiet"]);
    if resume {
        command.arg("--resume");
    } else {
        command.args([
            "--data",
            "data",
            "--epochs",
            "100000",
            "--batch",
            "2",
            "--size",
            "32",
            "--checkpoint-steps",
            "1",
        ]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("started")
}

/// Reads the whole of the newest checkpoint; its step.
fn load(path: &Path) -> u64 {
    let file = WeightsFile::open(path).expect("a whole checkpoint");
    let names: Vec<String> = file.tensors().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        file.read_f32(&name, &Device::Cpu).expect("a whole tensor");
    }
    checkpoint::read(&file).expect("the state of a run").state.step
}

/// Names of the files that were being written.
fn unfinished(checkpoints: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(checkpoints).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".writing-"))).collect()
}

#[test]
fn a_kill_at_any_moment_leaves_a_newest_checkpoint_that_loads() {
    let folder = tempfile::tempdir().expect("a folder");
    write_digits(&folder.path().join("data"), 2, 20);
    let checkpoints = folder.path().join("run/checkpoints");
    let last = checkpoints.join("last.safetensors");
    let moments = Stream::new(1, Purpose::Bench, 0, 0, 0);
    let (mut within, mut newest) = (0, 0);
    for kill in 0..kills() {
        let begun = Instant::now();
        let mut run = start(folder.path(), kill > 0);
        // It is under way when it has written a checkpoint, from which moment on any is as good as another.
        let before = fs::metadata(&last).and_then(|file| file.modified()).ok();
        while fs::metadata(&last).and_then(|file| file.modified()).ok() == before {
            assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint in two minutes");
            assert_eq!(run.try_wait().expect("a process"), None, "the run ended");
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_micros(moments.below(kill, 800_000)));
        run.kill().expect("killed");
        run.wait().expect("ended");
        within += u64::from(!unfinished(&checkpoints).is_empty());
        assert!(fs::metadata(&last).expect("a checkpoint").len() >= STATE_BYTES);
        let step = load(&last);
        // An epoch's last step has two checkpoints: in front of its evaluation, and behind it.
        assert!(step >= newest, "kill {kill}: the newest checkpoint is of step {step}, and one of {newest} was there");
        newest = step;
    }
    println!(
        "{} of {} kills left a loadable newest checkpoint; {within} came in the midst of a save",
        kills(),
        kills()
    );
    assert!(unfinished(&checkpoints).len() <= 1, "a resume removes what a kill left");
    assert!(within > 0 || kills() < 20, "no kill came in the midst of a save");
}
