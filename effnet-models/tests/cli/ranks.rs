//! `effnet train` as several ranks, which a launcher starts: by the variables of torchrun, and with the feature `mpi` by
//! `mpirun`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
#[cfg(feature = "mpi")]
use std::process::Stdio;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{self, RUN, folder, start_ranks, succeed, write_digits};

/// Ranks end within this time of the death of one of them.
const END: Duration = Duration::from_secs(10);

/// Ranks that train.
struct Group {
    ranks: Vec<Child>,
    /// What rank 0 says, line by line.
    said: BufReader<ChildStdout>,
}

/// How all ranks have ended, and what they wrote to standard error.
struct Ended {
    codes: Vec<Option<i32>>,
    errors: Vec<String>,
    rest: String,
}

const TRAIN: &str = "train --table tiny.table --data data --batch 8 --size 32 --json --output";

const EPOCHS: [&str; 2] = ["--epochs", "4"];

impl Group {
    /// Starts a run in `output` as torchrun would.
    fn start(place: &Path, size: usize, output: &str, extra: &[&str]) -> Self {
        let mut ranks = start_ranks(size, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
            command.current_dir(place).args(TRAIN.split(' ')).arg(output).args(extra);
            command
        });
        let said = BufReader::new(ranks[0].stdout.take().expect("piped"));
        Self { ranks, said }
    }

    /// Waits until rank 0 has said something.
    fn wait_for(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert_ne!(self.said.read_line(&mut line).expect("read"), 0, "rank 0 has not said {what}");
        }
    }

    fn signal(&self, rank: usize, signal: &str) {
        let id = self.ranks[rank].id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill(1)").success());
    }

    /// Waits for all ranks to end, `within` at most.
    fn end(mut self, within: Duration) -> Ended {
        let begun = Instant::now();
        let mut status: Vec<Option<ExitStatus>> = vec![None; self.ranks.len()];
        while status.contains(&None) {
            for (rank, status) in self.ranks.iter_mut().zip(&mut status) {
                *status = rank.try_wait().expect("waited for");
            }
            assert!(begun.elapsed() < within, "the ranks have not ended: {status:?}");
            sleep(Duration::from_millis(20));
        }
        let (mut rest, mut errors) = (String::new(), vec![String::new(); self.ranks.len()]);
        self.said.read_to_string(&mut rest).expect("UTF-8");
        for (at, (rank, errors)) in self.ranks.iter_mut().zip(&mut errors).enumerate() {
            rank.stderr.take().expect("piped").read_to_string(errors).expect("UTF-8");
            let mut said = String::new();
            if let Some(stdout) = &mut rank.stdout {
                stdout.read_to_string(&mut said).expect("UTF-8");
            }
            assert!(said.is_empty(), "rank {at} says: {said}");
        }
        let codes = status.into_iter().map(|status| status.and_then(|status| status.code())).collect();
        Ended { codes, errors, rest }
    }
}

fn weights(place: &Path, output: &str) -> Vec<u8> {
    fs::read(place.join(output).join("checkpoints/last.safetensors")).expect("a checkpoint")
}

#[test]
fn ranks_train_together_stop_together_and_go_on() {
    let place = folder();
    let place = place.path();
    write_digits(&place.join("data"), 3, 40);
    let ended = Group::start(place, 2, "straight", &EPOCHS).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    assert!(ended.rest.contains(r#""ranks":2"#) && ended.rest.contains(r#""event":"result""#), "{}", ended.rest);

    // A signal to the rank that says nothing.
    let mut group = Group::start(place, 2, "stopped", &EPOCHS);
    group.wait_for(r#""event":"epoch""#);
    group.signal(1, "TERM");
    let ended = group.end(Duration::from_secs(60));
    assert_eq!(ended.codes, [Some(143), Some(143)], "{:?}", ended.errors);
    assert!(ended.rest.contains(r#""event":"stopped""#), "{}", ended.rest);
    let ended = Group::start(place, 2, "stopped", &["--resume"]).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    assert!(weights(place, "stopped") == weights(place, "straight"));

    // One that nobody can expect.
    let mut group = Group::start(place, 2, "killed", &EPOCHS);
    group.wait_for(r#""event":"epoch""#);
    group.signal(1, "KILL");
    let ended = group.end(END);
    assert_eq!(ended.codes, [Some(1), None]);
    let error = ended.errors[0].trim_end().lines().last().unwrap_or_default();
    assert!(error.starts_with("error: rank 1 is gone: ") && error.contains("--resume"), "{error}");
    let ended = Group::start(place, 2, "killed", &["--resume"]).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    assert!(weights(place, "killed") == weights(place, "straight"));
}

/// The same by `mpirun`: sums of both are the same to the bit, a signal to the launcher leaves a checkpoint, and a rank that
/// is killed is gone on from.
#[cfg(feature = "mpi")]
#[test]
fn mpirun_starts_and_stops_ranks() {
    let place = folder();
    let place = place.path();
    write_digits(&place.join("data"), 3, 40);
    // Some seconds, within which a signal comes.
    let long = ["--epochs", "40"];
    let ended = Group::start(place, 2, "straight", &long).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    // OpenMPI waits so many seconds before its SIGTERM, and again before its SIGKILL.
    let mpirun = |output: &str, extra: &[&str]| {
        let mut command = Command::new("mpirun");
        command.args("--allow-run-as-root --oversubscribe -n 2 --mca odls_base_sigkill_timeout 1".split(' '));
        command.arg(env!("CARGO_BIN_EXE_effnet")).current_dir(place).args(TRAIN.split(' ')).arg(output).args(extra);
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut launcher = spawned.expect("the tests of the feature `mpi` need OpenMPI's `mpirun`");
        let said = BufReader::new(launcher.stdout.take().expect("piped"));
        Group { ranks: vec![launcher], said }
    };
    let ended = mpirun("mpi", &long).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0)], "{:?}", ended.errors);
    assert!(ended.rest.contains(r#""ranks":2"#), "{}", ended.rest);
    assert!(weights(place, "mpi") == weights(place, "straight"));

    let mut group = mpirun("stopped", &long);
    group.wait_for(r#""event":"epoch""#);
    group.signal(0, "TERM");
    group.end(Duration::from_secs(30));
    // The launcher passes on nothing that its ranks then say.
    let checkpoints =
        fs::read_dir(place.join("stopped/checkpoints")).expect("a folder").map(|entry| entry.expect("a file"));
    let epochs = checkpoints.filter(|entry| entry.file_name().to_string_lossy().starts_with("epoch-"));
    let of_epochs: Vec<Vec<u8>> = epochs.map(|entry| fs::read(entry.path()).expect("read")).collect();
    assert!(
        !of_epochs.is_empty() && !of_epochs.contains(&weights(place, "stopped")),
        "no checkpoint was left at the stop"
    );
    assert_eq!(mpirun("stopped", &["--resume"]).end(Duration::from_secs(120)).codes, [Some(0)]);
    assert!(weights(place, "stopped") == weights(place, "straight"));

    let mut group = mpirun("killed", &long);
    group.wait_for(r#""event":"epoch""#);
    let of_launcher =
        fs::read_to_string(format!("/proc/{0}/task/{0}/children", group.ranks[0].id())).expect("children");
    let rank = of_launcher.split_whitespace().last().expect("a rank");
    assert!(Command::new("kill").args(["-s", "KILL", rank]).status().expect("kill(1)").success());
    let ended = group.end(END);
    assert_ne!(ended.codes, [Some(0)]);
    assert_eq!(mpirun("killed", &["--resume"]).end(Duration::from_secs(120)).codes, [Some(0)]);
    assert!(weights(place, "killed") == weights(place, "straight"));
}

#[test]
fn a_failure_of_one_rank_is_said_once() {
    let place = folder();
    write_digits(&place.path().join("data"), 3, 6);
    fs::write(place.path().join("data/1/bad.png"), "no picture").expect("written");
    let ended = Group::start(place.path(), 2, "run", &["--val-fraction", "0.2"]).end(Duration::from_secs(60));
    assert_eq!(ended.codes, [Some(1), Some(1)]);
    assert!(ended.errors[0].contains("cannot decode ") && ended.errors[0].contains("bad.png"), "{:?}", ended.errors);
    assert_eq!(ended.errors[0].matches("error: ").count(), 1, "{:?}", ended.errors);
    assert_eq!(ended.errors[1], "");
}

#[test]
fn ranks_evaluate_together_what_one_process_does() {
    let (weights, data) = (RUN.weights(), RUN.data());
    let args = || {
        let paths = [weights.as_os_str(), data.as_os_str()];
        let [weights, data] = paths;
        ["eval".as_ref(), "--weights".as_ref(), weights, "--data".as_ref(), data, "--part".as_ref(), "all".as_ref()]
            .into_iter()
            .chain(["--batch".as_ref(), "7".as_ref(), "--json".as_ref()])
            .collect::<Vec<_>>()
    };
    let alone: Value = serde_json::from_str(&succeed(support::effnet(&data).args(args()))).expect("JSON");
    for size in [2, 3] {
        let ranks = start_ranks(size, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
            command.args(args());
            command
        });
        let outputs: Vec<_> = ranks.into_iter().map(|rank| rank.wait_with_output().expect("ended")).collect();
        assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
        assert!(outputs[1..].iter().all(|output| output.stdout.is_empty() && output.stderr.is_empty()), "{outputs:?}");
        let mut found: Value = serde_json::from_slice(&outputs[0].stdout).expect("JSON");
        let apart = found["loss"].as_f64().expect("a loss") - alone["loss"].as_f64().expect("a loss");
        assert!(apart.abs() < 1e-6, "{found}");
        found["loss"] = alone["loss"].clone();
        assert_eq!(found, alone);
    }
}
