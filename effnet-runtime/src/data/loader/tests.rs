use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::data::{Normalise, Share, TrainTransform, digits, order};

/// Pictures made on demand, each with its own colour and delay; some are bad, one panics.
#[derive(Default)]
struct Made {
    classes: Vec<String>,
    len: usize,
    bad: Vec<usize>,
    panics: Option<usize>,
    slow: Option<(usize, Duration)>,
    reads: AtomicUsize,
}

impl Made {
    fn new(len: usize) -> Self {
        Self { classes: vec!["even".to_owned(), "odd".to_owned()], len, ..Self::default() }
    }
}

impl Source for Made {
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn len(&self) -> usize {
        self.len
    }
    fn label(&self, index: usize) -> usize {
        index % 2
    }
    fn name(&self, index: usize) -> String {
        format!("made/{index}.png")
    }
    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        Err(Error::image(&self.name(index), "it is not a file"))
    }
    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if let Some((slow, time)) = self.slow
            && slow == index
        {
            std::thread::sleep(time);
        }
        if self.panics == Some(index) {
            // Avoids the panic hook, which may print a backtrace for a second.
            std::panic::resume_unwind(Box::new(format!("sample {index} is cursed")));
        }
        if self.bad.contains(&index) {
            return Err(Error::image(&self.name(index), "it is bad"));
        }
        std::thread::sleep(Duration::from_micros(index as u64 * 37 % 300));
        let colour = |x: u32, y: u32| Rgb([index as u8, (x * 16) as u8, (y * 16) as u8]);
        Ok(RgbImage::from_fn(12, 9, colour))
    }
}

fn transform() -> Arc<TrainTransform> {
    Arc::new(TrainTransform::new(8, Normalise::new(3, &[0.5], &[0.5]).unwrap()))
}

fn options(batch: usize, threads: usize) -> LoaderOptions {
    LoaderOptions { threads, seed: 3, epoch: 1, ..LoaderOptions::new(batch) }
}

type Contents = (usize, Vec<u64>, Vec<u32>, Vec<u32>);

/// A batch as comparable data, floats as bits.
fn contents(batch: &Batch) -> Contents {
    let floats = batch.images.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    (batch.number, batch.samples.clone(), batch.labels.clone(), floats.into_iter().map(f32::to_bits).collect())
}

fn load(source: Arc<Made>, order: Vec<usize>, options: &LoaderOptions) -> Vec<Contents> {
    Loader::new(source, transform(), order, options).unwrap().map(|batch| contents(&batch.unwrap())).collect()
}

#[test]
fn digits_come_in_order_with_their_labels() {
    let split = digits().unwrap();
    let order = order(5, 2, split.train.len());
    let loader = Loader::new(Arc::clone(&split.train), transform(), order.clone(), &options(64, 2)).unwrap();
    let mut at = 0;
    for batch in loader {
        let batch = batch.unwrap();
        assert_eq!(batch.images.dims(), [batch.labels.len(), 3, 8, 8]);
        for (sample, label) in batch.samples.iter().zip(&batch.labels) {
            assert_eq!(*sample, order[at] as u64);
            assert_eq!(*label as usize, split.train.label(order[at]));
            at += 1;
        }
    }
    assert_eq!(at, 1437);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn neither_threads_nor_queue_nor_starting_point_show(
        len in 1usize..40, batch in 1usize..9, threads in 2usize..5, ahead in 1usize..4, skip in 0usize..5,
        drop_last: bool,
    ) {
        let last = if drop_last { LastBatch::Drop } else { LastBatch::Keep };
        let order = order(1, 1, len);
        let plain = LoaderOptions { last, ..options(batch, 1) };
        let all = load(Arc::new(Made::new(len)), order.clone(), &plain);
        prop_assert_eq!(all.len(), plain.batches(len));
        let varied = LoaderOptions { threads, ahead, skip_batches: skip, ..plain };
        let source = Arc::new(Made::new(len));
        let rest = load(Arc::clone(&source), order, &varied);
        prop_assert_eq!(&rest[..], all.get(skip..).unwrap_or_default());
        let read: usize = rest.iter().map(|batch| batch.1.len()).sum();
        prop_assert_eq!(source.reads.load(Ordering::SeqCst), read, "skipped batches are not read");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The ranks of a group load, together and in order, what one process loads, mixed pairs included.
    #[test]
    fn shares_together_are_the_whole_batches(
        len in 1usize..40, batch in 1usize..12, size in 1usize..5, threads in 1usize..4, skip in 0usize..3, keep: bool,
    ) {
        let last = if keep { LastBatch::Keep } else { LastBatch::Drop };
        let mix = Some(Mix { mixup: 0.4, cutmix: 0.4 });
        let options = LoaderOptions { last, mix, skip_batches: skip, ..options(batch, threads) };
        let load = |share: Share| {
            let source = Arc::new(Made::new(len));
            let loader = Loader::new(source, transform(), order(1, 1, len), &LoaderOptions { share, ..options.clone() });
            let batches = loader.unwrap().map(|batch| batch.map(|batch| (batch.number, mixed(&batch))));
            batches.collect::<Result<BTreeMap<usize, Vec<Mixed>>, _>>().unwrap()
        };
        let mut together: BTreeMap<usize, Vec<Mixed>> = BTreeMap::new();
        for rank in 0..size {
            for (number, pictures) in load(Share::new(rank, size)) {
                together.entry(number).or_default().extend(pictures);
            }
        }
        prop_assert_eq!(together, load(Share::WHOLE));
    }
}

/// A mixed picture as comparable data: its sample, position, label, second label and weight, and floats as bits.
type Mixed = (u64, usize, u32, (u32, u32), Vec<u32>);

fn mixed(batch: &Batch) -> Vec<Mixed> {
    let floats = batch.images.flatten(1, 3).unwrap().to_vec2::<f32>().unwrap();
    let partners = batch.partners.as_ref().expect("mixed");
    let row = |at: usize| {
        let (label, weight) = partners[at];
        let bits = floats[at].iter().map(|value| value.to_bits()).collect();
        (batch.samples[at], batch.positions[at], batch.labels[at], (label, weight.to_bits()), bits)
    };
    (0..batch.labels.len()).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn neither_threads_nor_batch_size_nor_starting_point_show_in_mixed_pictures(
        len in 1usize..40, half in 1usize..6, threads in 2usize..5, skip in 0usize..4, cutmix in 0usize..2,
    ) {
        let mix = Some(Mix { mixup: 0.3, cutmix: cutmix as f64 });
        let run = |options: LoaderOptions| -> Vec<_> {
            let source = Arc::new(Made::new(len));
            let loader = Loader::new(source, transform(), order(1, 1, len), &options).unwrap();
            loader.flat_map(|batch| mixed(&batch.unwrap())).collect()
        };
        let all = run(LoaderOptions { mix, ..options(2, 1) });
        prop_assert_eq!(all.len(), len);
        let batch = 2 * half;
        let rest = run(LoaderOptions { mix, skip_batches: skip, ..options(batch, threads) });
        prop_assert_eq!(&rest[..], all.get(skip * batch..).unwrap_or_default());
    }
}

#[test]
fn what_a_skipped_file_leaves_alone_is_not_mixed() {
    let source = Arc::new(Made { bad: vec![2, 5], ..Made::new(8) });
    let mix = Some(Mix { mixup: 1.0, cutmix: 0.0 });
    let options = LoaderOptions { on_bad_image: OnBadImage::Skip, mix, ..options(4, 2) };
    let loader = Loader::new(source, transform(), (0..8).collect(), &options).unwrap();
    let batches: Vec<Batch> = loader.map(Result::unwrap).collect();
    assert_eq!((&batches[0].positions[..], &batches[1].positions[..]), (&[0, 1, 3][..], &[4, 6, 7][..]));
    for (batch, alone, whole) in [(&batches[0], 2, 0), (&batches[1], 0, 1)] {
        let partners = batch.partners.as_ref().unwrap();
        assert_eq!(partners[alone], (batch.labels[alone], 1.0));
        assert_eq!(partners[whole].0, batch.labels[whole + 1]);
        assert!(partners[whole].1 < 1.0);
    }
}

#[test]
fn without_mixing_there_are_no_partners() {
    for mix in [None, Some(Mix { mixup: 0.0, cutmix: 0.0 })] {
        let source = Arc::new(Made::new(4));
        let options = LoaderOptions { mix, ..options(4, 1) };
        let mut loader = Loader::new(source, transform(), (0..4).collect(), &options).unwrap();
        assert!(loader.next().unwrap().unwrap().partners.is_none());
    }
}

#[test]
fn a_short_last_batch_is_dropped_only_beside_full_ones() {
    let lens = |len: usize, last| {
        let options = LoaderOptions { last, ..options(4, 2) };
        let batches = load(Arc::new(Made::new(len)), (0..len).collect(), &options);
        batches.iter().map(|batch| batch.1.len()).collect::<Vec<_>>()
    };
    assert_eq!(lens(10, LastBatch::Keep), [4, 4, 2]);
    assert_eq!(lens(10, LastBatch::Drop), [4, 4]);
    assert_eq!(lens(3, LastBatch::Drop), [3]);
    assert_eq!(lens(0, LastBatch::Drop), [0; 0]);
}

#[test]
fn augmentation_changes_with_seed_epoch_and_sample() {
    let run = |seed, epoch| {
        let options = LoaderOptions { seed, epoch, ..options(4, 2) };
        load(Arc::new(Made::new(4)), (0..4).collect(), &options)
    };
    assert_eq!(run(0, 0), run(0, 0));
    assert_ne!(run(0, 0), run(1, 0));
    assert_ne!(run(0, 0), run(0, 1));
}

#[test]
fn the_first_bad_file_ends_the_epoch_and_is_named() {
    for threads in [1, 2, 4] {
        // The earlier of the two is slow: with threads to spare, the later fails first.
        let slow = Some((5, Duration::from_millis(60)));
        let source = Arc::new(Made { bad: vec![5, 6], slow, ..Made::new(40) });
        let mut loader = Loader::new(source, transform(), (0..40).collect(), &options(4, threads)).unwrap();
        let error = loader.find_map(Result::err).expect("a bad file");
        assert_eq!(error.to_string(), "cannot decode made/5.png: it is bad");
        assert_eq!(error.file(), Some("made/5.png"));
        assert!(loader.next().is_none());
    }
}

#[test]
fn a_bad_file_ends_the_epoch_within_a_second_though_another_hangs() {
    // Sample 5 hangs for longer than the test may take; bad samples stand before and after it.
    for bad in [2, 6] {
        let slow = Some((5, Duration::from_secs(30)));
        let source = Arc::new(Made { bad: vec![bad], slow, ..Made::new(40) });
        let mut loader = Loader::new(source, transform(), (0..40).collect(), &options(4, 3)).unwrap();
        let start = Instant::now();
        let error = loader.find_map(Result::err).expect("a bad file");
        assert_eq!(error.file(), Some(format!("made/{bad}.png").as_str()));
        drop(loader);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[test]
fn a_panic_ends_the_epoch_within_a_second_and_names_the_file() {
    let source = Arc::new(Made { panics: Some(7), ..Made::new(40) });
    let mut loader = Loader::new(source, transform(), (0..40).collect(), &options(4, 2)).unwrap();
    let start = Instant::now();
    let error = loader.find_map(Result::err).expect("a panic");
    let message = error.to_string();
    assert!(loader.next().is_none());
    drop(loader);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(message.starts_with("a loader thread panicked on made/7.png: ") && message.contains("cursed"), "{message}");
    assert!(!error.is_bad_file());
}

#[test]
fn skipped_files_are_listed_and_never_replaced() {
    for threads in [1, 3] {
        // The whole second batch, and the first and last samples of others.
        let bad = vec![0, 4, 5, 6, 7, 9, 11];
        let source = Arc::new(Made { bad: bad.clone(), ..Made::new(14) });
        let options = LoaderOptions { on_bad_image: OnBadImage::Skip, ..options(4, threads) };
        let mut loader = Loader::new(source, transform(), (0..14).collect(), &options).unwrap();
        let batches: Vec<Contents> = loader.by_ref().map(|batch| contents(&batch.unwrap())).collect();
        let shape: Vec<(usize, &[u64])> = batches.iter().map(|batch| (batch.0, &*batch.1)).collect();
        assert_eq!(shape, [(0, &[1, 2, 3][..]), (2, &[8, 10]), (3, &[12, 13])]);
        let skipped: Vec<usize> = loader.skipped().iter().map(|skipped| skipped.sample).collect();
        assert_eq!(skipped, bad);
        assert!(loader.skipped()[1].error.to_string().contains("made/4.png"));
        let alone = load(Arc::new(Made::new(14)), vec![8, 10], &options);
        assert_eq!(batches[1].3, alone[0].3, "what is left keeps its pixels");
    }
}

#[test]
fn a_panic_is_not_skipped() {
    let source = Arc::new(Made { panics: Some(2), ..Made::new(8) });
    let options = LoaderOptions { on_bad_image: OnBadImage::Skip, ..options(4, 2) };
    let mut loader = Loader::new(source, transform(), (0..8).collect(), &options).unwrap();
    assert!(matches!(loader.find_map(Result::err), Some(Error::Panic { .. })));
}

#[test]
fn never_more_than_the_batches_ahead_are_decoded() {
    for (ahead, threads, taken) in [(1, 4, 0), (1, 2, 2), (3, 4, 1)] {
        let source = Arc::new(Made::new(1000));
        let options = LoaderOptions { ahead, ..options(4, threads) };
        let mut loader = Loader::new(Arc::clone(&source) as _, transform(), (0..1000).collect(), &options).unwrap();
        for _ in 0..taken {
            loader.next().unwrap().unwrap();
        }
        let (start, expected) = (Instant::now(), (taken + ahead) * 4);
        while source.reads.load(Ordering::SeqCst) < expected && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Leaves time for more reads, if there were any.
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(source.reads.load(Ordering::SeqCst), expected, "{ahead} ahead, {threads} threads, {taken} taken");
    }
}

#[test]
fn dropping_a_loader_early_stops_its_threads() {
    for taken in [0, 1, 3] {
        let source = Arc::new(Made::new(1000));
        let mut loader =
            Loader::new(Arc::clone(&source) as _, transform(), (0..1000).collect(), &options(4, 4)).unwrap();
        for _ in 0..taken {
            loader.next().unwrap().unwrap();
        }
        drop(loader);
        assert_eq!(Arc::strong_count(&source), 1, "the threads are gone");
        let read = source.reads.load(Ordering::SeqCst);
        assert!(read <= (taken + 2) * 4, "the queue is bounded: {read} reads for {taken} batches");
    }
}

#[test]
fn options_that_make_no_sense_are_named() {
    let says = |options: LoaderOptions, order: Vec<usize>| {
        Loader::new(Arc::new(Made::new(4)), transform(), order, &options).err().expect("an error").to_string()
    };
    assert_eq!(says(options(0, 1), vec![0]), "batch is 0, and 1 is the least");
    assert_eq!(says(options(1, 0), vec![0]), "threads is 0, and 1 is the least");
    assert_eq!(says(options(1, 99_999), vec![0]), "threads is 99999, and 1024 is the most");
    let mix = Some(Mix { mixup: -1.0, cutmix: 0.0 });
    assert!(says(LoaderOptions { mix, ..options(2, 1) }, vec![0]).starts_with("mixup's alpha -1 "));
    assert_eq!(says(options(1, 1), vec![0, 4]), "the order holds sample 4, but there are only 4");
}
