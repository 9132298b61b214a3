//! `effnet train` as several ranks, which a launcher starts: by the variables of torchrun, and with the feature `mpi` by
//! `mpirun`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{folder, write_digits};

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

const TRAIN: &str = "train --table tiny.table --data data --epochs 4 --batch 8 --size 32 --json --output";

impl Group {
    /// Starts a run in `output` as torchrun would.
    fn start(place: &Path, size: usize, output: &str, extra: &[&str]) -> Self {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let start = |rank: usize| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
            command.current_dir(place).args(TRAIN.split(' ')).arg(output).args(extra);
            command.envs([("MASTER_ADDR", "localhost"), ("MASTER_PORT", &port.to_string())]);
            command.envs([("RANK", rank.to_string()), ("WORLD_SIZE", size.to_string())]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
        };
        let mut ranks: Vec<Child> = (0..size).map(start).collect();
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
    let ended = Group::start(place, 2, "straight", &[]).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    assert!(ended.rest.contains(r#""ranks":2"#) && ended.rest.contains(r#""event":"result""#), "{}", ended.rest);

    // A signal to the rank that says nothing.
    let mut group = Group::start(place, 2, "stopped", &[]);
    group.wait_for(r#""event":"epoch""#);
    group.signal(1, "TERM");
    let ended = group.end(Duration::from_secs(60));
    assert_eq!(ended.codes, [Some(143), Some(143)], "{:?}", ended.errors);
    assert!(ended.rest.contains(r#""event":"stopped""#), "{}", ended.rest);
    let ended = Group::start(place, 2, "stopped", &["--resume"]).end(Duration::from_secs(120));
    assert_eq!(ended.codes, [Some(0), Some(0)], "{:?}", ended.errors);
    assert!(weights(place, "stopped") == weights(place, "straight"));

    // One that nobody can expect.
    let mut group = Group::start(place, 2, "killed", &[]);
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
