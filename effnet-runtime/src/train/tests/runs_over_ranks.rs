//! Whole runs over several ranks.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::accumulation::weights;
use super::ranks::{difference, with_ranks};
use super::single::Spoilt;
use super::{build_tiny, few_digits, tiny_config, tiny_spec};
use crate::collective::{Collective, Error as GroupError};
use crate::data::{BadFile, Split};
use crate::train::{Config, Ended, Error, Result, RunFolder, StepDone, Trainer, Watcher, build_network};

/// Bound on the norm of the difference of all weights, in parts of their norm, after 20 steps.
const TOLERANCE: f64 = 1e-5;

/// 20 steps of 16 images with every draw that there is. A rank's own batch has other statistics than the whole one: batch
/// normalisation uses the running ones.
const DRAWN: &str = r#"
    epochs = 10
    batch = 16
    augment = { mixup = 0.4, cutmix = 0.4, policy = "randaugment", layers = 1, magnitude = 5.0 }
    regularise = { dropout = 0.2, drop_path_scale = 2.0, statistics = "running" }
    optimizer = { kind = "sgd", lr = 0.05 }
    ema.decay = 0.9
"#;

/// A new run in `path`.
fn begin(ranks: &Arc<dyn Collective>, config: Config, split: Split, path: &Path) -> Result<Trainer> {
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10)?;
    let ranks = Arc::clone(ranks);
    let folder =
        if ranks.rank() == 0 { RunFolder::create(Some(path), "tiny")? } else { RunFolder::of_rank_0(Some(path)) };
    Trainer::begin_over(ranks, config, folder, split, network)
}

/// The run in `path`, from its last checkpoint.
fn resume(ranks: &Arc<dyn Collective>, config: Config, path: &Path) -> Trainer {
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10).unwrap();
    let (folder, split) = (RunFolder::open(path).unwrap(), few_digits(&config));
    Trainer::resume_over(Arc::clone(ranks), config, folder, split, network).unwrap()
}

/// A new run, to the end, or until one rank asks to stop after a number of steps.
fn run(ranks: &Arc<dyn Collective>, config: &Config, path: &Path, stop: Option<(usize, u64)>) -> (Ended, Left) {
    go(begin(ranks, config.clone(), few_digits(config), path).unwrap(), ranks, stop)
}

/// The rest of a run: the weights, and the rows of the metrics but for the seconds.
fn rest(ranks: &Arc<dyn Collective>, config: &Config, path: &Path) -> (Ended, Left) {
    go(resume(ranks, config.clone(), path), ranks, None)
}

fn go(mut trainer: Trainer, ranks: &Arc<dyn Collective>, stop: Option<(usize, u64)>) -> (Ended, Left) {
    struct Count<'a>(&'a Cell<u64>);
    impl Watcher for Count<'_> {
        fn step(&mut self, _: &StepDone) {
            self.0.set(self.0.get() + 1);
        }
    }
    let done = Cell::new(0);
    let asks = || stop.is_some_and(|(rank, steps)| rank == ranks.rank() && done.get() >= steps);
    let ended = trainer.run(&mut Count(&done), &asks).unwrap();
    let rows = std::fs::read_to_string(trainer.facts().folder.metrics()).unwrap();
    let rows = rows.lines().map(|row| row.rsplit_once(',').unwrap().0.to_owned()).collect();
    (ended, (weights(trainer.facts().network.as_ref()), rows))
}

type Left = (Vec<(String, Vec<f32>)>, Vec<String>);

#[test]
fn ranks_that_share_the_batches_end_where_one_process_does() {
    for statistics in ["running", "synchronised"] {
        let (parent, config) = (tempfile::tempdir().unwrap(), tiny_config(&DRAWN.replace("running", statistics)));
        let run = |size: usize| {
            let path = parent.path().join(format!("{size}"));
            with_ranks(size, |ranks| run(&ranks, &config, &path, None))
        };
        let (ended, (alone, rows)) = run(1).remove(0);
        assert_eq!((ended, rows.len()), (Ended::Finished, 11));
        for size in [2, 3, 4] {
            let found = run(size);
            assert!(found.iter().all(|rank| *rank == found[0]), "the ranks differ");
            let apart = difference(&alone, &found[0].1.0);
            assert!(apart <= TOLERANCE, "{statistics} statistics, {size} ranks: {apart}");
            // Epoch, step, rate and size to the letter; losses are close.
            let columns = |rows: &[String]| {
                rows.iter().map(|row| row.split(',').take(4).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
            };
            assert_eq!(columns(&found[0].1.1), columns(&rows));
        }
    }
}

#[test]
fn a_run_goes_on_to_the_bit_on_as_many_ranks_and_nearly_on_others() {
    let parent = tempfile::tempdir().unwrap();
    // Statistics of a rank's own batch: the running ones must be the same on all ranks at every step.
    let config = tiny_config("epochs = 3\nema.decay = 0.9");
    let straight = with_ranks(2, |ranks| run(&ranks, &config, &parent.path().join("straight"), None));
    for stop in [(0, 3), (1, 5), (1, 12)] {
        let path = parent.path().join(format!("{}", stop.1));
        let stopped = with_ranks(2, |ranks| run(&ranks, &config, &path, Some(stop)));
        assert!(stopped.iter().all(|(ended, _)| *ended == Ended::Stopped), "{stop:?}");
        let found = with_ranks(2, |ranks| rest(&ranks, &config, &path));
        assert!(found == straight, "{stop:?}");
    }
    let config = tiny_config(DRAWN);
    let path = parent.path().join("others");
    with_ranks(4, |ranks| run(&ranks, &config, &path, Some((2, 7))));
    let resumed = with_ranks(1, |ranks| rest(&ranks, &config, &path)).remove(0);
    let alone = with_ranks(1, |ranks| run(&ranks, &config, &parent.path().join("alone"), None)).remove(0);
    let apart = difference(&alone.1.0, &resumed.1.0);
    assert!(apart <= TOLERANCE, "{apart}");
}

#[test]
fn what_differs_between_ranks_is_named_before_the_first_step() {
    let parent = tempfile::tempdir().unwrap();
    let differing =
        |at: usize, over: &(dyn Fn(usize) -> String + Sync), change: &(dyn Fn(usize, Split) -> Split + Sync)| {
            let path = parent.path().join(format!("{at}"));
            let found = with_ranks(2, |ranks| {
                let config = tiny_config(&over(ranks.rank()));
                let split = change(ranks.rank(), few_digits(&config));
                begin(&ranks, config, split, &path).err().map(|error| error.to_string())
            });
            assert_eq!(found[0], found[1]);
            found[0].clone().unwrap_or_default()
        };
    let (same, plain) = (|_, split| split, |_: usize| String::new());
    assert_eq!(differing(0, &plain, &same), "");
    let said = differing(1, &|rank| format!("batch = {}", 8 + 8 * rank), &same);
    assert!(said.starts_with("rank 1 has batch = 16, and rank 0 has 8: start all ranks with the same "), "{said}");
    let said = differing(2, &|rank| format!("seed = {rank}"), &same);
    assert!(said.starts_with("rank 1 has seed = 1, and rank 0 has 0: "), "{said}");
    let said = differing(3, &plain, &|rank, split| {
        if rank == 0 { split } else { Split { train: split.val.clone(), ..split } }
    });
    assert!(said.starts_with("rank 1 has training images 22, and rank 0 has 41: "), "{said}");
    // Each machine has its own number of threads.
    assert_eq!(differing(4, &|rank| format!("compute.threads = {}", rank + 1), &same), "");
    let said = differing(5, &|_| "batch = 2".to_owned(), &same);
    assert_eq!(
        said,
        "2 images at a time leave one of 2 ranks without any: say --batch 4 or more, or start fewer ranks"
    );
}

#[test]
fn a_file_that_is_no_picture_ends_the_run_on_all_ranks_or_is_reported_by_rank_0() {
    #[derive(Default)]
    struct Seen(Vec<String>);
    impl Watcher for Seen {
        fn skipped(&mut self, files: &[BadFile]) {
            self.0.extend(files.iter().map(|file| file.error.to_string()));
        }
    }
    let parent = tempfile::tempdir().unwrap();
    // A batch's worth of samples, so that some rank has none left of one.
    let bad: BTreeSet<usize> = (0..12).map(|at| at * 3).collect();
    let run = |mode: &str| {
        let config = tiny_config(&format!("epochs = 1\ndata.on_bad_image = \"{mode}\""));
        with_ranks(2, |ranks| {
            let split = few_digits(&config);
            let split = Split { train: Arc::new(Spoilt(split.train, bad.clone())), ..split };
            let mut trainer = begin(&ranks, config.clone(), split, &parent.path().join(mode)).unwrap();
            let mut seen = Seen::default();
            let ended = trainer.run(&mut seen, &|| false);
            (ended, seen.0, trainer.facts().state.clone())
        })
    };
    let failed = run("fail");
    let is_own = |error: &Error| matches!(error, Error::Data(_));
    let is_told = |error: &Error| matches!(error, Error::Ranks(GroupError::Aborted { .. }));
    assert!(failed.iter().any(|(ended, ..)| ended.as_ref().is_err_and(is_own)), "{:?}", failed[0].0);
    assert!(failed.iter().all(|(ended, ..)| ended.as_ref().is_err_and(|error| is_own(error) || is_told(error))));
    assert!(failed[0].0.as_ref().unwrap_err().to_string().contains("cannot decode "));
    let skipped = run("skip");
    assert!(skipped.iter().all(|(ended, ..)| matches!(ended, Ok(Ended::Finished))));
    assert_eq!(skipped[0].1, skipped[1].1);
    assert_eq!(skipped[0].2, skipped[1].2);
    let used = 40 - skipped[0].1.len();
    let train = skipped[0].2.train_images;
    assert!(train == 41 && used >= 28 && !skipped[0].1.is_empty(), "{used}");
}
