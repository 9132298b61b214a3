//! Ranks as torchrun starts them.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{END, add_program, of_threads, this_program, told, wait_for};

/// Starts each rank's process.
fn start(size: usize, what: &str) -> Vec<Child> {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let start = |rank: usize| {
        let mut command = Command::new(this_program());
        add_program(&mut command, what);
        command.envs([("MASTER_ADDR", "localhost"), ("MASTER_PORT", &port)]);
        command.envs([("RANK", rank.to_string()), ("WORLD_SIZE", size.to_string())]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    (0..size).map(start).collect()
}

#[test]
fn processes_find_what_threads_find() {
    for size in 1..=4 {
        let begun = Instant::now();
        let ranks = start(size, "work");
        let expected = of_threads(size);
        for (rank, child) in ranks.into_iter().enumerate() {
            let output = child.wait_with_output().unwrap();
            let told_all = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "rank {rank} of {size}:\n{told_all}");
            assert_eq!(told(&told_all, "hash"), [format!("{rank} {}", expected[rank])]);
            let seat = told(&told_all, "seat")[0].split_once(' ').unwrap();
            assert_eq!(seat.0, rank.to_string());
            let cores = std::thread::available_parallelism().unwrap().get();
            assert_eq!(seat.1, (cores / size).max(1).to_string());
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{size} ranks took {:?}", begun.elapsed());
    }
}

#[test]
fn a_rank_that_is_killed_ends_the_others() {
    let mut ranks = start(3, "die");
    let outputs: Vec<_> = ranks.iter_mut().map(|rank| BufReader::new(rank.stderr.take().unwrap())).collect();
    let outputs: Vec<_> = outputs
        .into_iter()
        .map(|mut output| {
            let mut line = String::new();
            while !line.starts_with("joined") {
                line.clear();
                assert_ne!(output.read_line(&mut line).unwrap(), 0);
            }
            output
        })
        .collect();
    ranks[1].kill().unwrap();
    ranks[1].wait().unwrap();
    for (rank, mut output) in [0, 2].into_iter().zip(outputs.into_iter().step_by(2)) {
        let status = wait_for("a rank ends", END, || ranks[rank].try_wait().unwrap());
        assert_eq!(status.code(), Some(1));
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert!(told(&rest, "failed")[0].contains("rank 1 is gone: its connection has "), "{rest}");
    }
}
