//! Steps and runs over several ranks.

use std::sync::Arc;
use std::thread;

use super::accumulation::{frozen_norms, part, weights};
use super::{DROPPING, OPTIONS, bits, noise, tiny};
use crate::Network;
use crate::collective::{Collective, threads};
use crate::data::Batch;
use crate::train::config::StatisticsKind;
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::{Error, StepOptions, StepOutcome, step_over};

/// Bound on the norm of the difference of all weights, in parts of their norm: the ranks' sums round differently.
const TOLERANCE: f64 = 1e-5;

/// Calls `work` on every rank of a group, and returns what it returned, in the order of the ranks.
pub(super) fn with_ranks<R: Send>(size: usize, work: impl Fn(Arc<dyn Collective>) -> R + Sync) -> Vec<R> {
    let ends = threads(size).unwrap();
    thread::scope(|scope| {
        let ranks: Vec<_> = ends.into_iter().map(|end| scope.spawn(|| work(Arc::new(end)))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

type Weights = Vec<(String, Vec<f32>)>;

/// Norm of the difference, in parts of the norm.
pub(super) fn difference(one: &Weights, other: &Weights) -> f64 {
    let values =
        |weights: &Weights| weights.iter().flat_map(|(_, values)| values.clone()).map(f64::from).collect::<Vec<_>>();
    let (one, other) = (values(one), values(other));
    assert_eq!(one.len(), other.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    norm(&mut one.iter().zip(&other).map(|(one, other)| one - other)) / norm(&mut one.iter().copied())
}

/// Steps of 16 images by ranks that have the runs of parts `cuts` of them.
fn trained(
    new: fn() -> Box<dyn Network>,
    statistics: StatisticsKind,
    cuts: &[&[(usize, usize)]],
    steps: u64,
) -> Vec<(Weights, Vec<StepOutcome>)> {
    let whole = noise(16, 4);
    with_ranks(cuts.len(), |ranks| {
        let (network, mut optimizer) = (new(), Optimizer::new(Sgd::default(), Decay::default()));
        let options = StepOptions { statistics: &statistics.over(Arc::clone(&ranks)), ..DROPPING };
        let runs = cuts[ranks.rank()].iter().enumerate();
        let parts: Vec<Batch> = runs.map(|(number, (from, until))| part(&whole, number, *from, *until)).collect();
        let step =
            |number| step_over(&ranks, network.as_ref(), &mut optimizer, &parts, &options, number, 0.05).unwrap();
        let outcomes = (0..steps).map(step).collect();
        (weights(network.as_ref()), outcomes)
    })
}

/// The batch cut over ranks; a rank may have nothing.
const WHOLE: [&[&[(usize, usize)]]; 3] =
    [&[&[(0, 8)], &[(8, 16)]], &[&[(0, 4)], &[(4, 14)], &[(14, 16)]], &[&[(0, 16)], &[]]];

/// The same with the batch in two parts; a rank may have nothing of the second.
const HALVES: [&[&[(usize, usize)]]; 2] =
    [&[&[(0, 4), (8, 12)], &[(4, 8), (12, 16)]], &[&[(0, 4), (8, 16)], &[(4, 8)]]];

/// Holds 20 steps by ranks against those by one.
fn check(
    new: fn() -> Box<dyn Network>,
    statistics: StatisticsKind,
    alone: &[(usize, usize)],
    cuts: &[&[&[(usize, usize)]]],
) {
    let [(expected, outcomes)] = &trained(new, statistics, &[alone], 20)[..] else { unreachable!() };
    assert!(outcomes.iter().all(|outcome| outcome.images == 16));
    for cuts in cuts {
        let found = trained(new, statistics, cuts, 20);
        for (weights, of_rank) in &found {
            assert_eq!(*weights, found[0].0, "{cuts:?}: the ranks' weights differ");
            assert_eq!(*of_rank, found[0].1);
            for (one, other) in of_rank.iter().zip(outcomes) {
                assert_eq!((one.images, one.correct), (other.images, other.correct));
                assert!((one.loss - other.loss).abs() <= TOLERANCE, "{one:?} {other:?}");
            }
        }
        let apart = difference(expected, &found[0].0);
        assert!(apart <= TOLERANCE, "{statistics:?} {cuts:?}: {apart}");
    }
}

#[test]
fn ranks_that_share_a_batch_take_its_step() {
    check(frozen_norms, StatisticsKind::Local, &[(0, 16)], &[WHOLE.as_slice(), &HALVES].concat());
}

#[test]
fn ranks_that_share_statistics_take_the_step_of_one() {
    check(|| tiny(1, 4), StatisticsKind::Synchronised, &[(0, 16)], &WHOLE);
    check(|| tiny(1, 4), StatisticsKind::Synchronised, &[(0, 8), (8, 16)], &HALVES);
}

#[test]
fn ranks_with_running_statistics_take_the_step_of_one() {
    check(|| tiny(1, 4), StatisticsKind::Running, &[(0, 16)], &[WHOLE.as_slice(), &HALVES].concat());
}

#[test]
fn running_statistics_follow_all_ranks_batches() {
    let whole = noise(12, 4);
    let found = with_ranks(2, |ranks| {
        let (network, mut optimizer) = (tiny(1, 4), Optimizer::new(Sgd::default(), Decay::default()));
        let (from, until) = [(0, 4), (4, 12)][ranks.rank()];
        let parts = [part(&whole, 0, from, until)];
        step_over(&ranks, network.as_ref(), &mut optimizer, &parts, &OPTIONS, 0, 0.0).unwrap();
        bits(network.as_ref())
    });
    assert_eq!(found[0], found[1]);
    // What the stem's statistics of each rank's images are, and their mean in proportion.
    let alone = |from, until| {
        let (network, mut optimizer) = (tiny(1, 4), Optimizer::new(Sgd::default(), Decay::default()));
        let parts = [part(&whole, 0, from, until)];
        let single: Arc<dyn Collective> = Arc::new(crate::collective::Single);
        step_over(&single, network.as_ref(), &mut optimizer, &parts, &OPTIONS, 0, 0.0).unwrap();
        network.params().get("stem.bn.running_var").unwrap().to_vec1::<f32>().unwrap()
    };
    let (first, second) = (alone(0, 4), alone(4, 12));
    let name = "stem.bn.running_var";
    let of_both = &found[0].iter().find(|(known, _)| known == name).unwrap().1;
    for ((first, second), both) in first.iter().zip(&second).zip(of_both) {
        let expected = (first * 4.0 + second * 8.0) / 12.0;
        assert!((f32::from_bits(*both) - expected).abs() < 1e-6, "{expected}");
        assert!((first - second).abs() > 1e-4, "the ranks have the same statistics");
    }
}

#[test]
fn what_is_not_finite_on_one_rank_stops_all_and_changes_nothing() {
    let found = with_ranks(2, |ranks| {
        let (network, mut optimizer) = (tiny(1, 4), Optimizer::new(Sgd::default(), Decay::default()));
        let before = bits(network.as_ref());
        let mut batch = noise(4, 4);
        if ranks.rank() == 1 {
            batch.images = (batch.images * f64::INFINITY).unwrap();
        }
        let error = step_over(&ranks, network.as_ref(), &mut optimizer, &[batch], &OPTIONS, 6, 0.25).unwrap_err();
        assert!(matches!(error, Error::NotFinite { step: 7, .. }), "{error:?}");
        assert_eq!(bits(network.as_ref()), before);
        error.to_string()
    });
    assert_eq!(found[0], found[1]);
    assert!(found[0].contains("on rank 1, the loss is not finite, as the images of the batch are not"), "{}", found[0]);
}
