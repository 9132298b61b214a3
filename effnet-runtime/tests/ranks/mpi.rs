//! Ranks that `mpirun` starts.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{END, add_program, of_threads, this_program, told, wait_for};

/// Starts ranks, more than there are cores if need be. Tests may run as root, which OpenMPI wants to be told.
fn mpirun(size: usize, options: &[&str], what: &str) -> Child {
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "-n", &size.to_string()]).args(options).arg(this_program());
    add_program(&mut command, what);
    let spawned = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    spawned.expect("the tests of the feature `mpi` need OpenMPI's `mpirun`")
}

/// All that a process writes, as it comes.
fn output(child: &mut Child) -> Receiver<String> {
    let mut stream = child.stderr.take().unwrap();
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(len @ 1..) = stream.read(&mut bytes) {
            let _ = send.send(String::from_utf8_lossy(&bytes[..len]).into_owned());
        }
    });
    receive
}

#[test]
fn processes_find_what_threads_find() {
    for size in [1, 2, 4] {
        let begun = Instant::now();
        let ranks = mpirun(size, &[], "work");
        let expected = of_threads(size);
        let output = ranks.wait_with_output().unwrap();
        let told_all = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{size} ranks:\n{told_all}");
        let mut hashes = told(&told_all, "hash");
        hashes.sort_unstable();
        let expected: Vec<_> = expected.iter().enumerate().map(|(rank, hash)| format!("{rank} {hash}")).collect();
        assert_eq!(hashes, expected, "{told_all}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{size} ranks took {:?}", begun.elapsed());
    }
}

/// Kills rank 1 of three, and returns what all have said once `mpirun` has ended.
fn told_after_a_death(options: &[&str]) -> String {
    let mut ranks = mpirun(3, options, "die");
    let output = output(&mut ranks);
    let mut told_all = String::new();
    let mut of_rank_1 = None;
    wait_for("all ranks join", Duration::from_secs(60), || {
        told_all.extend(output.try_iter());
        let joined = told(&told_all, "joined");
        of_rank_1 = joined.iter().find_map(|joined| joined.strip_prefix("1 ")?.parse().ok());
        (joined.len() == 3).then_some(())
    });
    // SAFETY: it is a process of this test's.
    assert_eq!(unsafe { libc::kill(of_rank_1.unwrap(), libc::SIGKILL) }, 0);
    wait_for("all ranks end", END, || ranks.try_wait().unwrap());
    told_all.extend(output.iter());
    told_all
}

#[test]
fn the_launcher_ends_the_others_of_a_rank_that_is_killed() {
    let told_all = told_after_a_death(&[]);
    assert!(told_all.contains("process rank 1 ") && told_all.contains("signal 9"), "{told_all}");
}

#[test]
fn the_others_of_a_rank_that_is_killed_end_by_themselves() {
    // What a launcher is told that leaves it to them.
    let told_all = told_after_a_death(&["--enable-recovery"]);
    let failed = told(&told_all, "failed");
    assert_eq!(failed.len(), 2, "{told_all}");
    assert!(failed.iter().all(|error| error.contains("rank 1 is gone")), "{told_all}");
}
