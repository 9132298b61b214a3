//! Steps of one image on maps of one pixel.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::runs::go;
use super::{OPTIONS, Thinned, bits, build_tiny, few_digits, noise, tiny, tiny_config, tiny_spec};
use crate::data::{Error as DataError, Source, Split};
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::{Config, Ended, RunFolder, Trainer, Watcher, build_network, check_batches, step};

/// The error for settings over a data set of `images` images; empty where they are legal.
fn refusal(over: &str, images: usize) -> Option<String> {
    let config = tiny_config(over);
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10).unwrap();
    check_batches(&config, network.as_ref(), images, 1).err().map(|error| error.to_string())
}

/// The tiny network's last maps are an eighth of the image, rounded up.
#[test]
fn one_image_at_a_time_is_refused_where_maps_are_a_pixel_and_nowhere_else() {
    for (over, images, hint) in [
        (
            "batch = 1\nsize = 8",
            41,
            Some(
                "at 8 px, where the network's last maps are a single pixel: say --batch 2 or more, or --size 9 or more",
            ),
        ),
        ("batch = 1\nsize = 1", 41, Some("--size 9 or more")),
        ("batch = 1\nsize = 9", 41, None),
        ("batch = 2\nsize = 8", 41, None),
        ("batch = 4\naccumulate = 4\nsize = 8", 41, Some("say --batch 8 or more")),
        ("batch = 4\naccumulate = 2\nsize = 8", 41, None),
        ("batch = 8\nsize = 8", 1, Some("add training images, of which there is one, or --size 9 or more")),
        ("batch = 8\nsize = 9", 1, None),
        ("batch = 8\nsize = 8", 2, None),
        // A frozen normalisation needs no statistics of the batch, but all must be frozen.
        ("batch = 1\nsize = 8\nregularise.freeze = [\"*.bn.*\"]", 41, None),
        ("batch = 1\nsize = 8\nregularise.freeze = [\"backbone\"]", 41, Some("--batch 2")),
        ("batch = 1\nsize = 8\nregularise.freeze = [\"head.*\"]", 41, Some("--batch 2")),
        ("batch = 1\nsize = 8\nregularise.statistics = \"synchronised\"", 41, Some("--batch 2")),
        ("batch = 1\nsize = 8\nregularise.statistics = \"running\"", 41, None),
        // The first stages have smaller images than `--size`; a stage without epochs does not count.
        ("batch = 1\nsize = 16\nstages = { count = 2, base = 2 }", 41, None),
        (
            "batch = 1\nsize = 16\nstages = { count = 4, base = 2 }\nepochs = 4",
            41,
            Some("at 5 px, where the network's last maps are a single pixel: say --batch 2 or more"),
        ),
        ("batch = 1\nsize = 16\nstages = { count = 4, base = 2 }\nepochs = 1", 41, None),
        ("batch = 1\nsize = 16\nstages = { count = 2, base = 2, batch_follows_size = true }", 41, None),
    ] {
        match (refusal(over, images), hint) {
            (None, None) => {}
            (Some(error), Some(hint)) => assert!(error.contains(hint), "{over}: {error}"),
            (found, _) => panic!("{over}, {images} images: {found:?}"),
        }
    }
}

#[test]
fn a_batch_of_one_trains_where_maps_are_larger() {
    let parent = tempfile::tempdir().unwrap();
    let mut trainer = super::begin(tiny_config("batch = 1\nepochs = 1\nsize = 9"), &parent.path().join("run"));
    assert_eq!(trainer.run(&mut (), &|| false).unwrap(), Ended::Finished);
    assert_eq!(trainer.facts().state.step, 41);
}

/// A step called from a library: an error, and nothing has changed.
#[test]
fn a_step_of_one_value_a_channel_is_an_error() {
    let network = tiny(1, 4);
    let before = bits(network.as_ref());
    let mut batch = noise(1, 4);
    batch.images = batch.images.narrow(2, 0, 8).unwrap().narrow(3, 0, 8).unwrap();
    let mut optimizer = Optimizer::new(Sgd::default(), Decay::default());
    let error = step(network.as_ref(), &mut optimizer, &[batch], &OPTIONS, 0, 0.1).unwrap_err();
    assert!(
        error.to_string().starts_with("batch normalisation learns nothing from one image of 8 × 8 pixels"),
        "{error}"
    );
    assert_eq!(before, bits(network.as_ref()));
}

/// A source with some bad files.
pub(super) struct Spoilt(pub Arc<dyn Source>, pub BTreeSet<usize>);

impl Source for Spoilt {
    fn classes(&self) -> &[String] {
        self.0.classes()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn label(&self, index: usize) -> usize {
        self.0.label(index)
    }

    fn name(&self, index: usize) -> String {
        format!("picture {index}")
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        if self.1.contains(&index) {
            return Err(DataError::image(&self.name(index), "it is bad"));
        }
        self.0.read(index)
    }
}

const SPOILT: &str = "epochs = 2\nbatch = 4\naccumulate = 2\nsize = 8\ndata.on_bad_image = \"skip\"";

/// A data set with a bad file, in parts of two, in the first part of the first step, in the last part of the second,
/// and in both parts of the third.
fn spoilt(config: &Config) -> Split {
    let split = few_digits(config);
    let train: Arc<dyn Source> = Arc::new(Thinned(split.train, 1));
    let order = train.order(config.seed, 0);
    let bad = [0, 7, 8, 11].map(|place| order[place]).into();
    Split { train: Arc::new(Spoilt(train, bad)), ..split }
}

fn trainer(path: &Path, resumes: bool) -> Trainer {
    let config = tiny_config(SPOILT);
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10).unwrap();
    let split = spoilt(&config);
    if resumes {
        return Trainer::resume(config, RunFolder::open(path).unwrap(), split, network).unwrap();
    }
    Trainer::begin(config, RunFolder::create(Some(path), "tiny").unwrap(), split, network).unwrap()
}

#[test]
fn an_image_that_bad_files_leave_alone_is_left_out_and_named() {
    #[derive(Default)]
    struct Seen(Vec<Vec<String>>, Vec<usize>);
    impl Watcher for Seen {
        fn step(&mut self, done: &crate::train::StepDone) {
            self.1.push(done.outcome.images);
        }
        fn alone(&mut self, images: &[String]) {
            self.0.push(images.to_vec());
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let mut run = trainer(&parent.path().join("run"), false);
    let order = run.facts().split.train.order(5, 0);
    let mut seen = Seen::default();
    run.run(&mut seen, &|| false).unwrap();
    let alone = [1, 6, 9, 10].map(|place| format!("picture {}", order[place]));
    assert_eq!(seen.0[0], alone);
    // All images of the third step are gone.
    assert_eq!(seen.1[..9], [2, 2, 4, 4, 4, 4, 4, 4, 4]);
    assert_eq!(seen.0.len(), 2);
}

#[test]
fn a_run_with_images_left_alone_resumes_to_the_bit() {
    let parent = tempfile::tempdir().unwrap();
    let mut straight = trainer(&parent.path().join("straight"), false);
    go(&mut straight, u64::MAX);
    for stop_at in 1..5 {
        let path = parent.path().join(format!("stopped-{stop_at}"));
        assert_eq!(go(&mut trainer(&path, false), stop_at), Ended::Stopped);
        let mut resumed = trainer(&path, true);
        assert_eq!(go(&mut resumed, u64::MAX), Ended::Finished);
        assert!(
            bits(resumed.facts().network.as_ref()) == bits(straight.facts().network.as_ref()),
            "stopped at {stop_at}"
        );
        assert_eq!(resumed.facts().state, straight.facts().state, "stopped at {stop_at}");
    }
}
