//! Groups over the loopback, whose ranks are threads: what they sum and gather, how they meet, and how they end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::super::{Arrived, Collective, Error, Exchange, Result, Transport, threads};
use super::greeting::Greeting;
use super::{Rendezvous, Tcp};
use crate::random::{Purpose, Stream};

/// Where a test's ranks meet: a port that was free a moment ago.
fn place(size: usize) -> Rendezvous {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Rendezvous { rank: 0, size, host: "127.0.0.1".to_owned(), port, patience: Duration::from_secs(20) }
}

/// Calls `work` for every rank, each on a thread of its own.
fn on_ranks<R: Send>(place: &Rendezvous, work: impl Fn(Rendezvous) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let ranks: Vec<_> = (0..place.size)
            .map(|rank| {
                let at = Rendezvous { rank, ..place.clone() };
                scope.spawn(|| work(at))
            })
            .collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn exchange(at: Rendezvous) -> Result<Exchange> {
    Exchange::start(move || Tcp::join(&at))
}

fn values(rank: usize, len: usize) -> Vec<f32> {
    let stream = Stream::new(7, Purpose::Bench, rank as u64, 0, 0);
    let of = |at: usize| (stream.normal(at as u64 % 4096) * 10f64.powi(at as i32 % 7)) as f32;
    (0..len).map(of).collect()
}

/// All that a rank finds, as bits.
fn work(ranks: &dyn Collective) -> Vec<Vec<u32>> {
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let mut found = Vec::new();
    for len in [0, 1, 2, 3, 5, 1000, 16_384, 3_000_001] {
        let pending = ranks.begin_sum(values(ranks.rank(), len));
        let said = vec![ranks.rank() as u8; 300_000 * ranks.rank() * (len % 2)];
        let gathered = ranks.gather(said).unwrap();
        found.push(bits(pending.wait().unwrap()));
        found.extend(gathered.into_iter().map(|said| said.into_iter().map(u32::from).collect()));
    }
    found
}

#[test]
fn sums_and_gathers_are_those_of_threads() {
    for size in 1..=4 {
        let found = on_ranks(&place(size), |at| work(&exchange(at).unwrap()));
        let expected: Vec<_> = thread::scope(|scope| {
            let ends = threads(size).unwrap();
            let ranks: Vec<_> = ends.into_iter().map(|end| scope.spawn(move || work(&end))).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        });
        assert!(found == expected, "{size} ranks");
    }
}

#[test]
fn ranks_meet_where_an_address_does_not_say_that_all_are_on_one_host() {
    // Rank 0 sees the others on the loopback, and they see it under this address.
    let place = Rendezvous { host: "0.0.0.0".to_owned(), ..place(3) };
    let found = on_ranks(&place, |at| exchange(at).unwrap().gather(Vec::new()).map(|gathered| gathered.len()));
    assert_eq!(found, [Ok(3), Ok(3), Ok(3)]);
}

#[test]
fn a_rank_that_leaves_early_takes_nothing_from_the_others() {
    let found = on_ranks(&place(3), |at| {
        let rank = at.rank;
        let ranks = exchange(at).unwrap();
        let pending = ranks.begin_sum(vec![rank as f32; 4_000_000]);
        if rank == 1 {
            // What the others have sent to this rank waits while they sleep, and what it sends does.
            return pending.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(200));
        pending.wait().unwrap()
    });
    assert!(found.iter().all(|sums| sums.iter().all(|sum| *sum == 3.0)));
}

#[test]
fn a_rank_that_dies_is_named_at_once() {
    let connected = Barrier::new(3);
    let found = on_ranks(&place(3), |at| {
        if at.rank == 1 {
            let sockets = at.meet().unwrap();
            connected.wait();
            drop(sockets);
            return None;
        }
        let ranks = exchange(at).unwrap();
        connected.wait();
        let begun = Instant::now();
        let error = ranks.barrier().unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        Some(error.to_string())
    });
    for error in [&found[0], &found[2]].into_iter().flatten() {
        assert!(error.contains("rank 1 is gone: its connection has "), "{error}");
    }
}

#[test]
fn a_rank_that_does_not_read_keeps_nothing_from_the_others() {
    let done = Barrier::new(3);
    on_ranks(&place(3), |at| match at.rank {
        0 => {
            let mut ranks = Tcp::join(&at).unwrap();
            let begun = Instant::now();
            for _ in 0..8 {
                ranks.send(2, vec![0; 16 << 20]).unwrap();
            }
            ranks.send(1, vec![7]).unwrap();
            assert!(begun.elapsed() < Duration::from_secs(1));
            done.wait();
            let begun = Instant::now();
            ranks.leave(false);
            assert!(begun.elapsed() < 2 * super::FAREWELL);
        }
        1 => {
            let mut ranks = Tcp::join(&at).unwrap();
            let arrived = ranks.receive(Duration::from_secs(1)).unwrap();
            assert!(matches!(arrived, Some(Arrived::Message { from: 0, .. })), "{arrived:?}");
            done.wait();
            ranks.leave(true);
        }
        _ => {
            let sockets = at.meet().unwrap();
            done.wait();
            drop(sockets);
        }
    });
}

#[test]
fn a_message_that_takes_long_shows_that_its_sender_lives() {
    on_ranks(&place(2), |at| {
        if at.rank == 1 {
            let mut socket = at.meet().unwrap().remove(0).unwrap();
            socket.write_all(&12_u64.to_le_bytes()).unwrap();
            for byte in 0..12 {
                thread::sleep(Duration::from_millis(100));
                socket.write_all(&[byte]).unwrap();
            }
            // A number of bytes that no machine has room for.
            socket.write_all(&u64::MAX.to_le_bytes()).unwrap();
            return;
        }
        let mut ranks = Tcp::join(&at).unwrap();
        let mut next = || ranks.receive(Duration::from_secs(10)).unwrap();
        assert!(matches!(next(), Some(Arrived::Part { from: 1 })));
        let rest: Vec<_> =
            [(); 3].map(|()| next()).into_iter().filter(|next| !matches!(next, Some(Arrived::Part { .. }))).collect();
        match &rest[..] {
            [Some(Arrived::Message { from: 1, message }), Some(Arrived::Closed { from: 1, reason })] => {
                assert_eq!(*message, (0..12).collect::<Vec<u8>>());
                assert!(reason.contains("its connection has failed"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn strangers_on_rank_0s_port_are_sent_away() {
    let place = place(2);
    thread::scope(|scope| {
        let group = scope.spawn(|| {
            on_ranks(&place, |at| {
                if at.rank == 1 {
                    thread::sleep(Duration::from_millis(300));
                }
                exchange(at).unwrap().gather(vec![1]).unwrap()
            })
        });
        let mut strangers = 0;
        while strangers < 3 {
            // Until rank 0 listens.
            let Ok(mut stranger) = TcpStream::connect(("127.0.0.1", place.port)) else { continue };
            if strangers > 0 {
                stranger.write_all(b"GET / HTTP/1.1\r\nHost: rank-0\r\n\r\n").unwrap();
            }
            drop(stranger);
            strangers += 1;
        }
        assert_eq!(group.join().unwrap(), vec![vec![vec![1], vec![1]]; 2]);
    });
}

#[test]
fn a_stranger_in_rank_0s_place_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let at = Rendezvous { rank: 1, port, ..place(2) };
    let joining = thread::spawn(move || Tcp::join(&at).map(drop).unwrap_err());
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").unwrap();
    let error = joining.join().unwrap().to_string();
    let expected = format!(
        "rank 1 of 2, which meet at 127.0.0.1:{port}: what listens there is not rank 0: it begins with \"SSH-2.0-\", which no \
         rank of this program says"
    );
    assert_eq!(error, expected);

    let error = Tcp::join(&Rendezvous { port, ..place(2) }).map(drop).unwrap_err().to_string();
    assert!(error.contains("it cannot listen there: ") && error.contains("set MASTER_PORT to a free one"), "{error}");
    let _ = stream.read(&mut [0]);
}

/// What ranks are told that do not meet.
fn refusals(ranks: Vec<Rendezvous>) -> Vec<String> {
    thread::scope(|scope| {
        let of = |at: Rendezvous| scope.spawn(move || exchange(at).map(drop).unwrap_err().to_string());
        let ranks: Vec<_> = ranks.into_iter().map(of).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

#[test]
fn another_number_of_ranks_is_refused() {
    let place = place(2);
    let other = Rendezvous { rank: 1, size: 3, ..place.clone() };
    let found = refusals(vec![place, other]);
    assert!(
        found[0].ends_with("rank 1 at 127.0.0.1 was started as one of 3: give all ranks the same WORLD_SIZE"),
        "{found:?}"
    );
    assert!(found[1].ends_with("rank 0 was started as one of 2: give all ranks the same WORLD_SIZE"), "{found:?}");
}

#[test]
fn two_processes_of_one_rank_are_refused() {
    let place = Rendezvous { patience: Duration::from_secs(5), ..place(4) };
    let at = |rank| Rendezvous { rank, ..place.clone() };
    let found = refusals(vec![at(0), at(2), at(2), at(1)]);
    let named = "two processes are rank 2, at 127.0.0.1 and at 127.0.0.1: give each its own RANK";
    assert!(found[..3].iter().all(|error| error.ends_with(named)), "{found:?}");
    // It has come before them, or finds nobody.
    assert!(found[3].ends_with(named) || found[3].contains("rank 0 has not answered there within 5 s"), "{found:?}");
}

#[test]
fn a_rank_that_died_before_all_had_come_may_come_again() {
    let place = place(3);
    let found = on_ranks(&place, |at| {
        if at.rank == 1 {
            let rank_0 = std::iter::repeat_with(|| TcpStream::connect(("127.0.0.1", at.port)))
                .find_map(|tried| tried.ok())
                .unwrap();
            Greeting { group: 0, rank: 1, size: 3, port: 9 }.exchange(&rank_0).unwrap().unwrap();
        }
        if at.rank == 2 {
            thread::sleep(Duration::from_millis(300));
        }
        exchange(at).unwrap().gather(Vec::new()).map(|gathered| gathered.len())
    });
    assert_eq!(found, [Ok(3), Ok(3), Ok(3)]);
}

#[test]
fn ranks_that_never_come_are_named() {
    let place = Rendezvous { patience: Duration::from_millis(400), ..place(4) };
    let found = refusals(vec![place.clone(), Rendezvous { rank: 2, ..place.clone() }]);
    let named = format!("ranks 1, 3 of 4 have not come to 127.0.0.1:{} within 0.4 s: see their own output", place.port);
    assert_eq!(found, [named.clone(), named]);

    let found = refusals(vec![Rendezvous { rank: 3, ..place.clone() }]);
    assert!(found[0].contains("rank 0 has not answered there within 0.4 s"), "{found:?}");
    let none = Tcp::join(&Rendezvous { rank: 4, ..place }).map(drop).unwrap_err();
    assert!(matches!(&none, Error::Unformed(why) if why.starts_with("rank 4 of 4 ranks")), "{none}");
}
