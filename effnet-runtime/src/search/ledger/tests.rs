use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::search::trial::Outcome;

const TRIALS: u64 = 40;

fn proposal(number: u64) -> Proposal {
    Proposal { genes: vec![number as u16], epochs: 1, parent: None, refused: 0 }
}

fn next(trials: &[Trial]) -> Result<Next<(Proposal, String)>> {
    let number = trials.len() as u64;
    Ok(if number < TRIALS { Next::Work((proposal(number), format!("<{number}>"))) } else { Next::End })
}

fn end(number: u64) -> End {
    let outcome = Outcome { accuracy: number as f64, time: 1.0, milliseconds: None, params: 1, macs: 1 };
    End::Measured { outcome, reward: number as f64 }
}

/// Ends every trial that there is, as one of several workers.
fn work(ledger: &Ledger, done: &Mutex<Vec<u64>>) {
    loop {
        match ledger.claim(next).unwrap() {
            Next::Work(claim) => {
                std::thread::yield_now();
                ledger.end(&claim, end(claim.trial.number), 0.5).unwrap();
                done.lock().unwrap().push(claim.trial.number);
            }
            Next::Wait => std::thread::yield_now(),
            Next::End => return,
        }
    }
}

#[test]
fn workers_share_trials_without_doubling_or_losing_one() {
    let folder = TempDir::new().unwrap();
    let ledger = Ledger::new(folder.path());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| work(&ledger, &done));
        }
    });
    let done = done.into_inner().unwrap();
    assert_eq!(done.len() as u64, TRIALS);
    assert_eq!(done.into_iter().collect::<BTreeSet<_>>(), (0..TRIALS).collect());
    let trials = ledger.trials().unwrap();
    assert!(
        trials.iter().all(|trial| trial.end == Some(end(trial.number)) && trial.proposal == proposal(trial.number))
    );
    assert_eq!(ledger.tables().unwrap()[7], "<7>");
}

#[test]
fn a_trial_whose_worker_is_gone_is_taken_up_before_a_new_one() {
    let folder = TempDir::new().unwrap();
    let ledger = Ledger::new(folder.path());
    let claim = || match ledger.claim(next).unwrap() {
        Next::Work(claim) => claim,
        _ => panic!("there is work"),
    };
    let first = claim();
    let second = claim();
    assert_eq!((first.trial.number, second.trial.number), (0, 1));
    drop(first);
    let again = claim();
    assert_eq!(again.trial, Trial { number: 0, proposal: proposal(0), end: None });
    assert_eq!(claim().trial.number, 2);
}

/// A process may be killed at any byte of a line.
#[test]
fn a_torn_line_counts_for_nothing_and_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let ledger = Ledger::new(folder.path());
    let Next::Work(claim) = ledger.claim(next).unwrap() else { panic!("there is work") };
    let begun = fs::read(ledger.path()).unwrap();
    ledger.end(&claim, End::Failed { reason: "too slow: 3 µs".into() }, 1.0).unwrap();
    drop(claim);
    let whole = fs::read(ledger.path()).unwrap();
    for length in begun.len()..whole.len() {
        fs::write(ledger.path(), &whole[..length]).unwrap();
        assert!(ledger.trials().unwrap()[0].end.is_none(), "at {length}");
        let Next::Work(claim) = ledger.claim(next).unwrap() else { panic!("at {length}") };
        assert_eq!(claim.trial.number, 0);
        ledger.end(&claim, End::Failed { reason: "too slow: 3 µs".into() }, 1.0).unwrap();
        assert_eq!(fs::read(ledger.path()).unwrap(), whole, "at {length}");
    }
}

#[test]
fn a_line_that_no_search_wrote_is_named() {
    let folder = TempDir::new().unwrap();
    let ledger = Ledger::new(folder.path());
    for (text, says) in [
        ("nonsense\n", "line 1, is no line of a search's ledger"),
        (
            "{\"event\":\"ended\",\"trial\":0,\"end\":{\"failed\":{\"reason\":\"\"}},\"seconds\":1.0}\n",
            "without a beginning",
        ),
    ] {
        fs::write(ledger.path(), text).unwrap();
        let error = ledger.trials().unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("trials.jsonl"), "{error}");
    }
}
