//! What a rank does.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Write, stderr};
use std::thread;
use std::time::Duration;

use effnet_runtime::collective::{Collective, Launch};
use effnet_runtime::random::{Purpose, Stream};

/// Environment variable that says what [`a_rank`] does: `work`, or `die` to be killed while it works.
pub(crate) const WHAT: &str = "EFFNET_TEST_RANK";

/// How long one rank keeps the others waiting.
const WAIT: Duration = Duration::from_millis(1500);

#[test]
#[ignore = "a process that the tests beside it start"]
fn a_rank() {
    let launch = Launch::from_environment().unwrap();
    let ranks = launch.join().unwrap();
    let seat = launch.seat(&*ranks).unwrap();
    // In one piece, which no other process's output falls into.
    let tell = |line: String| stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
    tell(format!("joined {} {}", ranks.rank(), std::process::id()));
    match std::env::var(WHAT).unwrap().as_str() {
        "work" => {
            tell(format!("seat {} {}", seat.local_rank, seat.threads));
            let hash = work(&*ranks);
            #[cfg(unix)]
            let before = cpu_time();
            if ranks.rank() == 0 {
                thread::sleep(WAIT);
            }
            ranks.barrier().unwrap();
            #[cfg(unix)]
            {
                let share = (cpu_time() - before).as_secs_f64() / WAIT.as_secs_f64();
                assert!(share < 0.2, "a rank that waits takes {share:.2} of a core");
            }
            tell(format!("hash {} {hash}", ranks.rank()));
        }
        "die" => {
            let error = loop {
                if let Err(error) = ranks.begin_sum(vec![1.0; 100_000]).wait() {
                    break error;
                }
            };
            tell(format!("failed {error}"));
            drop(ranks);
            // As the programs do: another rank's death is an error.
            std::process::exit(1);
        }
        other => panic!("{WHAT} is {other}"),
    }
}

/// Sums and gathers, as a hash of all that came of them, behind the rank's number.
pub(crate) fn work(ranks: &dyn Collective) -> String {
    let mut hasher = DefaultHasher::new();
    for len in [0, 1, 3, 1000, 70_000, 1_500_001, 5_000_000] {
        let stream = Stream::new(7, Purpose::Bench, ranks.rank() as u64, len, 0);
        let of = |at: u64| (stream.normal(at % 4096) * 10f64.powi(at as i32 % 7)) as f32;
        let pending: Vec<_> = [len, len / 2].map(|len| ranks.begin_sum((0..len).map(of).collect())).into();
        let said = vec![ranks.rank() as u8; 100_000 * ranks.rank() * (len as usize % 2)];
        ranks.gather(said).unwrap().hash(&mut hasher);
        for pending in pending {
            pending.wait().unwrap().iter().for_each(|sum| sum.to_bits().hash(&mut hasher));
        }
    }
    format!("{:016x}", hasher.finish())
}

/// Processor time that this process has taken.
#[cfg(unix)]
fn cpu_time() -> Duration {
    // SAFETY: all zeros is a value of the structure, which the call writes.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    let of = |time: libc::timeval| Duration::new(time.tv_sec as u64, 1000 * time.tv_usec as u32);
    of(usage.ru_utime) + of(usage.ru_stime)
}
