use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use effnet_kernels::threads::Pool;

use super::{averages, begin, bits, memory, resume, tiny_config};
use crate::data::Split;
use crate::train::{Config, Ended, EpochDone, Error, RunFolder, State, StepDone, Trainer, Watcher, build_network};

/// Files of a run that depend on its settings alone.
#[derive(Debug, PartialEq)]
struct Left {
    weights: Vec<(String, Vec<u32>)>,
    memory: (u64, BTreeMap<String, Vec<u32>>),
    ema: Option<(u64, BTreeMap<String, Vec<u32>>)>,
    state: State,
    metrics: Vec<String>,
    last: Vec<u8>,
    best: Vec<u8>,
}

fn left(trainer: &Trainer) -> Left {
    let folder = &trainer.facts().folder;
    let metrics = fs::read_to_string(folder.metrics()).unwrap();
    Left {
        weights: bits(trainer.facts().network.as_ref()),
        memory: memory(&trainer.optimizer),
        ema: trainer.ema.as_ref().map(averages),
        state: trainer.facts().state.clone(),
        // Drop the last column, the seconds.
        metrics: metrics.lines().map(|row| row.rsplit_once(',').unwrap().0.to_owned()).collect(),
        last: fs::read(folder.last()).unwrap(),
        best: fs::read(folder.best()).unwrap(),
    }
}

/// Runs to the end, or for a number of steps.
pub(super) fn go(trainer: &mut Trainer, steps: u64) -> Ended {
    struct Count<'a>(&'a Cell<u64>);
    impl Watcher for Count<'_> {
        fn step(&mut self, _: &StepDone) {
            self.0.set(self.0.get() + 1);
        }
    }
    let done = Cell::new(0);
    trainer.run(&mut Count(&done), &|| done.get() >= steps).unwrap()
}

fn straight(config: Config, path: &Path) -> Left {
    let mut trainer = begin(config, path);
    assert_eq!(go(&mut trainer, u64::MAX), Ended::Finished);
    left(&trainer)
}

#[test]
fn a_run_leaves_what_it_promises() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let mut trainer = begin(tiny_config("epochs = 3"), &path);
    #[derive(Default)]
    struct Seen(Vec<(u64, u64, u64)>, Vec<u64>, usize);
    impl Watcher for Seen {
        fn step(&mut self, done: &StepDone) {
            self.0.push((done.epoch, done.batch, done.step));
            assert_eq!((done.epochs, done.batches, done.outcome.images), (3, 5, 8));
        }
        fn epoch(&mut self, done: &EpochDone<'_>) {
            self.1.push(done.metrics.epoch);
            assert_eq!(done.evaluation.images, 22);
        }
        fn evaluated(&mut self, images: usize) {
            self.2 += images;
        }
    }
    let mut seen = Seen::default();
    assert_eq!(trainer.run(&mut seen, &|| false).unwrap(), Ended::Finished);
    assert!(trainer.is_finished());
    assert_eq!(seen.0.len(), 15);
    assert_eq!((seen.0[0], seen.0[14]), ((1, 1, 1), (3, 5, 15)));
    assert_eq!((seen.1, seen.2), (vec![1, 2, 3], 66));

    let left = left(&trainer);
    assert_eq!(left.metrics.len(), 4);
    assert!(left.metrics[3].starts_with("3,15,"), "{:?}", left.metrics);
    let names = ["config.toml", "metrics.csv", "checkpoints/epoch-0003.safetensors"];
    assert!(names.iter().all(|name| path.join(name).is_file()));
    assert!(!path.join("checkpoints/epoch-0002.safetensors").exists());
    let best = left.state.best.unwrap();
    assert!((1..=3).contains(&best.epoch));
}

#[test]
fn a_resumed_run_equals_the_straight_one_to_the_bit() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("epochs = 3");
    let straight = straight(config.clone(), &parent.path().join("straight"));
    // Runs are stopped in the midst of the first epoch; after an epoch's last step, in front of its evaluation; in the
    // midst of the last.
    for (stop_at, epochs) in [(2, 0), (5, 0), (13, 2)] {
        let path = parent.path().join(format!("stopped-{stop_at}"));
        let mut trainer = begin(config.clone(), &path);
        assert_eq!(go(&mut trainer, stop_at), Ended::Stopped);
        assert_eq!(trainer.facts().state.epoch, epochs);
        drop(trainer);
        let mut trainer = resume(&path).unwrap();
        assert_eq!(trainer.facts().state.step, stop_at);
        assert_eq!(go(&mut trainer, u64::MAX), Ended::Finished);
        assert!(left(&trainer) == straight, "stopped at {stop_at}");
    }
}

/// Everything with a state or draws of its own at once: stages with other images and batches, every kind of
/// augmentation, parts of a step, averaged weights, RMSprop, a staircase.
const MANY_STATES: &str = r#"
    epochs = 4
    batch = 8
    accumulate = 2
    size = 24
    stages = { count = 3, base = 8, batch_follows_size = true }
    augment = { policy = "randaugment", mixup = 0.4, cutmix = 0.4, erase = 0.2 }
    ema.decay = 0.99
    optimizer = { kind = "rmsprop", lr = 0.01, lr_batch = 16, clip_norm = 1.0 }
    schedule = { kind = "exponential", decay_epochs = 0.5, warmup_epochs = 0.5 }
"#;

#[test]
fn a_run_in_stages_resumes_to_the_bit() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config(MANY_STATES);
    let straight = straight(config.clone(), &parent.path().join("straight"));
    let sizes: Vec<&str> = straight.metrics[1..].iter().map(|row| row.split(',').nth(3).unwrap()).collect();
    assert_eq!(sizes, ["13", "18", "24", "24"]);
    assert!(straight.ema.is_some() && straight.state.ema_updates == Some(straight.state.step));
    let steps = straight.state.step;
    for stop_at in 1..steps {
        let path = parent.path().join(format!("stopped-{stop_at}"));
        assert_eq!(go(&mut begin(config.clone(), &path), stop_at), Ended::Stopped);
        let mut trainer = resume(&path).unwrap();
        assert_eq!(go(&mut trainer, u64::MAX), Ended::Finished);
        assert!(left(&trainer) == straight, "stopped at {stop_at} of {steps}");
    }
}

#[test]
fn checkpoints_by_steps_are_gone_on_from() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("epochs = 2\ncheckpoints.steps = 2");
    let straight = straight(config.clone(), &parent.path().join("straight"));
    let path = parent.path().join("killed");
    let kept = parent.path().join("kept.safetensors");
    struct Keep<'a>(&'a Path, &'a Path);
    impl Watcher for Keep<'_> {
        fn step(&mut self, done: &StepDone) {
            // The seventh step begins with what the sixth left.
            if done.step == 7 {
                fs::copy(self.0, self.1).unwrap();
            }
        }
    }
    let mut trainer = begin(config, &path);
    let last = trainer.facts().folder.last();
    trainer.run(&mut Keep(&last, &kept), &|| false).unwrap();
    drop(trainer);
    // The state after a kill behind the seventh step.
    fs::copy(&kept, &last).unwrap();
    let mut trainer = resume(&path).unwrap();
    assert_eq!((trainer.facts().state.step, trainer.facts().state.epoch), (6, 1));
    go(&mut trainer, u64::MAX);
    assert!(left(&trainer) == straight);
}

#[test]
fn two_runs_cannot_share_a_folder() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let mut trainer = begin(tiny_config(""), &path);
    go(&mut trainer, 2);
    let error = resume(&path).err().unwrap();
    assert!(matches!(error, Error::Locked(_)), "{error:?}");
    drop(trainer);
    assert!(resume(&path).is_ok());
}

#[test]
fn a_run_that_was_killed_goes_on_from_its_last_epoch() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("epochs = 2");
    let straight = straight(config.clone(), &parent.path().join("straight"));
    let path = parent.path().join("killed");
    let mut trainer = begin(config, &path);
    assert_eq!(go(&mut trainer, 7), Ended::Stopped);
    // A kill leaves no checkpoint of its own, and maybe a row of an epoch that has none.
    let folder = trainer.facts().folder.clone();
    fs::copy(folder.epoch(1), folder.last()).unwrap();
    fs::write(folder.metrics(), fs::read_to_string(folder.metrics()).unwrap() + "2,10,0,16,0,0,0,0,,,,0\n").unwrap();
    drop(trainer);
    let mut trainer = resume(&path).unwrap();
    assert_eq!(trainer.facts().state.step, 5);
    go(&mut trainer, u64::MAX);
    assert!(left(&trainer) == straight);
}

#[test]
fn a_run_that_was_killed_in_its_first_epoch_starts_over() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("epochs = 1");
    let straight = straight(config.clone(), &parent.path().join("straight"));
    let path = parent.path().join("killed");
    drop(begin(config, &path));
    let mut trainer = resume(&path).unwrap();
    assert_eq!(trainer.facts().state.step, 0);
    go(&mut trainer, u64::MAX);
    assert!(left(&trainer) == straight);
}

#[test]
fn neither_threads_nor_a_second_run_change_a_bit() {
    let parent = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: usize, loaders: usize| {
        let config = tiny_config(&format!("epochs = 1\ncompute.loader_threads = {loaders}"));
        Arc::new(Pool::new(threads)).install(|| straight(config, &parent.path().join(name)))
    };
    let first = run("first", 1, 1);
    for (name, threads, loaders) in [("again", 1, 1), ("two-loaders", 1, 2), ("four-loaders", 1, 4), ("two", 2, 2)] {
        assert!(run(name, threads, loaders) == first, "{name}");
    }
}

#[test]
fn the_seed_changes_a_run() {
    let parent = tempfile::tempdir().unwrap();
    let one = straight(tiny_config("epochs = 1"), &parent.path().join("one"));
    let two = straight(tiny_config("epochs = 1\nseed = 6"), &parent.path().join("two"));
    assert!(one.weights != two.weights && one.metrics != two.metrics);
}

#[test]
fn a_run_goes_on_with_the_data_set_that_it_began_with_only() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let mut trainer = begin(tiny_config(""), &path);
    go(&mut trainer, 2);
    let config = trainer.facts().config.clone();
    drop(trainer);
    let Split { train, val, val_fraction, ignored } = super::few_digits(&config);
    let fewer: Arc<dyn crate::data::Source> = Arc::new(super::Thinned(train, 2));
    let network = build_network(&config, &super::build_tiny, &super::tiny_spec(), 10).unwrap();
    let split = Split { train: fewer, val, val_fraction, ignored };
    let error = Trainer::resume(config, RunFolder::open(&path).unwrap(), split, network).err().unwrap();
    assert!(matches!(error, Error::OtherData { .. }), "{error:?}");
    assert!(error.to_string().contains("20 training images now, and had 41 then"), "{error}");
}

#[test]
fn a_run_goes_on_with_the_optimizer_that_it_began_with_only() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    go(&mut begin(tiny_config("optimizer.kind = \"adamw\""), &path), 2);
    let config = tiny_config("optimizer.kind = \"sgd\"");
    let network = build_network(&config, &super::build_tiny, &super::tiny_spec(), 10).unwrap();
    let split = super::few_digits(&config);
    let error = Trainer::resume(config, RunFolder::open(&path).unwrap(), split, network).err().unwrap().to_string();
    assert!(error.contains("was written with the optimizer adamw, and the run's settings say sgd"), "{error}");
}
