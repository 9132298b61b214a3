//! Groups of threads: what they sum and gather, and how they end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

use std::thread;
use std::time::{Duration, Instant};

use super::{Collective, Error, Exchange, Single, threads};
use crate::random::{Purpose, Stream};

/// Calls `work` on every rank of a group, and returns what it returned, in the order of the ranks.
fn with_ranks<R: Send>(size: usize, work: impl Fn(Exchange) -> R + Sync) -> Vec<R> {
    let ends = threads(size).unwrap();
    thread::scope(|scope| {
        let ranks: Vec<_> = ends.into_iter().map(|end| scope.spawn(|| work(end))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// Values of a rank whose sums depend on their order.
fn values(rank: usize, len: usize) -> Vec<f32> {
    let stream = Stream::new(7, Purpose::Bench, rank as u64, 0, 0);
    (0..len as u64).map(|at| (stream.normal(at) * 10f64.powi(at as i32 % 7)) as f32).collect()
}

#[test]
fn sums_are_taken_in_the_order_of_the_ranks() {
    for size in 1..=5 {
        for len in [0, 1, 2, 3, 7, 64, 1001] {
            let expected = (1..size).fold(values(0, len), |sums, rank| {
                sums.iter().zip(values(rank, len)).map(|(sum, value)| sum + value).collect()
            });
            let found = with_ranks(size, |ranks| {
                // The last rank comes late, and the others' messages before it.
                if ranks.rank() + 1 == size {
                    thread::sleep(Duration::from_millis(3));
                }
                let [first, second] = [(); 2].map(|()| ranks.begin_sum(values(ranks.rank(), len)));
                let mut third = values(ranks.rank(), len);
                ranks.sum(&mut third).unwrap();
                [second.wait().unwrap(), first.wait().unwrap(), third]
            });
            for sums in found.iter().flatten() {
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(sums), bits(&expected), "{size} ranks, {len} values");
            }
        }
    }
}

#[test]
fn messages_come_in_the_order_of_the_ranks() {
    for size in 1..=4 {
        let said = |rank: usize| vec![rank as u8; 3 * rank];
        let found = with_ranks(size, |ranks| {
            let gathered = ranks.gather(said(ranks.rank())).unwrap();
            let first = ranks.broadcast(vec![9, ranks.rank() as u8]).unwrap();
            ranks.barrier().unwrap();
            (gathered, first)
        });
        let expected = ((0..size).map(said).collect::<Vec<_>>(), vec![9, 0]);
        assert!(found.iter().all(|found| *found == expected), "{found:?}");
    }
    assert_eq!(Single.gather(vec![1]).unwrap(), [[1]]);
    assert_eq!(Single.begin_sum(vec![2.0]).wait().unwrap(), [2.0]);
}

#[test]
fn an_abort_ends_pending_and_later_operations_of_all() {
    let found = with_ranks(3, |ranks| {
        if ranks.rank() == 1 {
            ranks.abort("its images are gone");
        }
        let error = ranks.barrier().unwrap_err();
        assert_eq!(ranks.begin_sum(vec![1.0]).wait().unwrap_err(), error);
        error
    });
    assert!(found.iter().all(|error| error.to_string() == "rank 1 ended the run: its images are gone"), "{found:?}");
}

#[test]
fn a_rank_that_has_ended_is_named_at_once() {
    let begun = Instant::now();
    let found = with_ranks(3, |ranks| {
        ranks.barrier().unwrap();
        if ranks.rank() == 2 { None } else { ranks.gather(vec![0]).err() }
    });
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(found[2], None);
    for error in found[..2].iter().flatten() {
        assert!(error.to_string().contains("rank 2 is gone: it has ended, and this rank has not"), "{error}");
    }
    assert!(found[..2].iter().all(Option::is_some), "{found:?}");
}

#[test]
fn ranks_that_do_different_things_are_told_so() {
    let found = with_ranks(2, |ranks| match ranks.rank() {
        0 => ranks.begin_sum(vec![0.0; 5]).wait().map(drop).unwrap_err(),
        _ => ranks.begin_sum(vec![0.0; 6]).wait().map(drop).unwrap_err(),
    });
    assert!(found.iter().any(|error| matches!(error, Error::Unequal { .. })), "{found:?}");
    assert!(found.iter().all(|error| error.to_string().contains("values")), "{found:?}");
}
