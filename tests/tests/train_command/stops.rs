//! How a run stops when somebody or something asks it to, and that it goes on from there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use effnet_runtime::train::checkpoint;
use effnet_runtime::weights::WeightsFile;

use crate::{Ended, Place, metrics};

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn last(run: &Path) -> std::path::PathBuf {
    run.join("checkpoints/last.safetensors")
}

/// Step of the newest checkpoint; none before the first.
fn saved_step(run: &Path) -> Option<u64> {
    let file = WeightsFile::open(last(run)).ok()?;
    Some(checkpoint::read(&file).unwrap().state.step)
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until `done` says so, for a run that must not end before.
fn wait_for(child: &mut Child, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "it takes too long");
        assert_eq!(child.try_wait().unwrap(), None, "the run ended early");
        sleep(Duration::from_millis(2));
    }
}

/// 40 steps, ten an epoch, in two stages, the second of which begins with step 21.
const STEPS: [&str; 18] = [
    "--epochs",
    "4",
    "--batch",
    "140",
    "--size",
    "32",
    "--progressive",
    "2",
    "--checkpoint-steps",
    "5",
    "--set",
    "ema.decay=0.99",
    "--set",
    "optimizer.kind=rmsprop",
    "--set",
    "augment.policy=randaugment",
    "--set",
    "augment.mixup=0.4",
];

fn run<'a>(output: &'a str, loaders: &'a str) -> Vec<&'a str> {
    [&STEPS[..], &["--quiet", "--loader-threads", loaders, "--output", output]].concat()
}

/// A run that a signal reaches when so many steps are done and the next has begun (`17:TERM`); its exit code.
fn stopped(place: &Place, name: &str, loaders: &str, signal: &str) -> Option<i32> {
    let mut command = place.command(&run(name, loaders));
    // What runs the tests may ignore SIGHUP, which a process inherits.
    // SAFETY: signal(2) may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGHUP, libc::SIG_DFL);
            Ok(())
        });
    }
    command.env("SIGNAL_AT", signal).stdout(Stdio::null()).status().unwrap().code()
}

/// 40 steps straight against 17 and a signal, in the midst of the second epoch. What was killed goes on from the last of
/// the checkpoints of every fifth step, with steps 16 and 17 a second time; what was asked to stop, from step 18, which
/// had begun. Both go through a change of stage then.
#[test]
fn a_run_that_was_killed_or_stopped_at_any_step_equals_the_straight_one_to_the_bit() {
    let place = Place::new();
    place.succeeds(&run("straight", "2"));
    let whole = |name: &str| (fs::read(last(&place.path(name))).unwrap(), metrics(&place.path(name)));
    let straight = whole("straight");
    assert_eq!(saved_step(&place.path("straight")), Some(40));
    for (signal, code, loaders, saved) in [
        ("17:KILL", None, "1", 15),
        ("17:KILL", None, "4", 15),
        ("17:TERM", Some(143), "1", 18),
        ("17:TERM", Some(143), "4", 18),
        ("17:USR1", Some(138), "4", 18),
        ("17:HUP", Some(129), "1", 18),
        ("20:KILL", None, "4", 20),
        ("33:INT", Some(130), "1", 34),
    ] {
        let name = format!("{signal}-{loaders}");
        assert_eq!(stopped(&place, &name, loaders, signal), code, "{name}");
        assert_eq!(saved_step(&place.path(&name)), Some(saved), "{name}");
        place.succeeds(&["--resume", "--quiet", "--output", &name]);
        assert!(whole(&name) == straight, "{name}");
    }
}

/// As a closed terminal finds it.
#[test]
fn nohup_keeps_a_run_from_being_hung_up() {
    let place = Place::new();
    let stop = |name: &str, signal: &str| {
        let mut command = Command::new("nohup");
        command.arg(env!("CARGO_BIN_EXE_train_tiny")).current_dir(place.path("")).env("SIGNAL_AT", signal);
        command.args(["--epochs", "1", "--batch", "256", "--size", "32", "--quiet", "--output", name]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(stop("hung-up", "2:HUP"), Some(0));
    assert_eq!(saved_step(&place.path("hung-up")), Some(5));
    // It still stops when it is asked to.
    assert_eq!(stop("stopped", "2:TERM"), Some(143));
    assert_eq!(saved_step(&place.path("stopped")), Some(3));
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let place = Place::new();
    // Steps of many seconds.
    let args = ["--epochs", "1", "--batch", "1437", "--size", "192", "--output", "run"];
    let mut child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("stage")).expect("the run ended early");
    sleep(Duration::from_millis(500));
    signal(&child, "-TERM");
    sleep(Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None, "a step of this size takes longer");
    let sent = Instant::now();
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    assert!(!last(&place.path("run")).exists());
    let rest: Vec<String> = lines.collect();
    assert!(!rest.iter().any(|line| line.starts_with("stopped")), "{rest:?}");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let place = Place::new();
    let mut child = place.command(&run("run", "1")).stdout(Stdio::null()).spawn().unwrap();
    let path = place.path("run");
    wait_for(&mut child, || saved_step(&path).is_some());
    let error = place.fails(&["--resume", "--output", "run"]);
    assert_eq!(error, "another process is training in `run`: wait for it to end, or name another folder with --output");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_file_that_cannot_grow_is_named_and_the_old_checkpoint_stays() {
    let place = Place::new();
    assert_eq!(stopped(&place, "run", "2", "15:TERM"), Some(143));
    let before = fs::read(last(&place.path("run"))).unwrap();
    let train = env!("CARGO_BIN_EXE_train_tiny");
    // In units of 1,024 bytes: far less than a checkpoint, and more than everything else.
    assert!(before.len() > 64 * 1024);
    let command = format!("ulimit -f 32; exec '{train}' --resume --quiet --output run");
    let output = Command::new("bash").args(["-c", &command]).current_dir(place.path("")).output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(ended.code, Some(1), "{} {}", ended.out, ended.err);
    assert!(ended.err.contains("cannot write `run/checkpoints/last.safetensors`"), "{}", ended.err);
    assert!(fs::read(last(&place.path("run"))).unwrap() == before);
    let left = fs::read_dir(place.path("run/checkpoints")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
    place.succeeds(&["--resume", "--quiet", "--output", "run"]);
}
