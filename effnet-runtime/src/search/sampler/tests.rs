use std::collections::BTreeSet;

use super::*;
use crate::random::{Purpose, Stream};
use crate::search::space::Limit;
use crate::search::trial::{End, Outcome};

fn small() -> Space {
    let text = "
stem = 8
se_ratio = 0.25
[[stage]]
stride = 1
operator = ['mbconv', 'fused']
layers = [1, 2, 3]
kernel = [3, 5]
expansion = [1, 4, 6]
width = [16, 24]
";
    Space::parse("small", text).unwrap()
}

fn b0() -> Space {
    Space::open("b0").unwrap()
}

fn any(_: &Spec) -> std::result::Result<(), Refusal> {
    Ok(())
}

fn random(seed: u64, samples: u64, epochs: u64) -> Random {
    Random { seed, samples, epochs }
}

fn end(reward: Option<f64>) -> End {
    let outcome = Outcome { accuracy: 0.5, time: 1.0, milliseconds: None, params: 1, macs: 1 };
    match reward {
        Some(reward) => End::Measured { outcome, reward },
        None => End::Failed { reason: "its loss is not finite".to_owned() },
    }
}

fn trial(number: u64, genes: Vec<u16>, reward: Option<f64>) -> Trial {
    let proposal = Proposal { genes, epochs: 1, parent: None, refused: 0 };
    Trial { number, proposal, end: Some(end(reward)) }
}

fn proposal(next: Next) -> Proposal {
    match next {
        Next::Propose(proposal) => proposal,
        other => panic!("{other:?} is no proposal"),
    }
}

/// A reward over a space's genes: a parabola of each, products of neighbours, and noise that is each network's own.
struct Objective<'a> {
    space: &'a Space,
    seed: u64,
}

impl Objective<'_> {
    fn reward(&self, genes: &[u16]) -> f64 {
        let terms = Stream::new(self.seed, Purpose::Bench, 0, 0, 0);
        let at = |gene: usize| f64::from(genes[gene]) / (self.space.genes()[gene].choices.len().max(2) - 1) as f64;
        let one = |gene: usize| {
            let (weight, peak) = (terms.uniform(2 * gene as u64), terms.uniform(2 * gene as u64 + 1));
            -weight * (at(gene) - peak).powi(2)
        };
        let two = |gene: usize| 0.5 * terms.normal(1_000 + gene as u64) * at(gene - 1) * at(gene);
        let sum: f64 = (0..genes.len()).map(one).chain((1..genes.len()).map(two)).sum();
        let own = Stream::new(self.seed, Purpose::Bench, 1, self.space.index(genes).unwrap() as u64, 0);
        sum + 0.2 * own.normal(0)
    }
}

/// A search by so many workers, of which a random one ends next.
fn search(
    sampler: &dyn Sampler,
    space: &Space,
    allowed: &Allowed<'_>,
    workers: usize,
    ends: &Stream,
    reward: &dyn Fn(&Proposal) -> Option<f64>,
) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut running: Vec<usize> = Vec::new();
    let mut steps = 0;
    loop {
        while running.len() < workers {
            let number = trials.len() as u64;
            match sampler.propose(space, allowed, &trials).unwrap() {
                Next::Propose(proposal) => {
                    running.push(trials.len());
                    trials.push(Trial { number, proposal, end: None });
                }
                Next::Wait => {
                    assert!(!running.is_empty(), "trial {number} waits for nothing");
                    break;
                }
                Next::End => break,
            }
        }
        if running.is_empty() {
            return trials;
        }
        let ended = running.swap_remove(ends.below(steps, running.len() as u64) as usize);
        trials[ended].end = Some(end(reward(&trials[ended].proposal)));
        steps += 1;
    }
}

fn alone(sampler: &dyn Sampler, space: &Space, reward: &dyn Fn(&Proposal) -> Option<f64>) -> Vec<Trial> {
    search(sampler, space, &any, 1, &Stream::new(0, Purpose::Bench, 0, 0, 0), reward)
}

#[test]
fn any_number_of_workers_trains_the_same_networks() {
    let space = b0();
    let objective = Objective { space: &space, seed: 3 };
    let reward = |proposal: &Proposal| {
        let reward = objective.reward(&proposal.genes) + 0.1 * proposal.epochs as f64;
        // One of nine fails.
        (!space.index(&proposal.genes).unwrap().is_multiple_of(9)).then_some(reward)
    };
    let small_evolution = Evolution { random: random(3, 120, 9), population: 12, tournament: 4 };
    let samplers: [&dyn Sampler; 3] = [&random(3, 120, 9), &small_evolution, &Halving::new(random(3, 120, 9))];
    for sampler in samplers {
        let one = alone(sampler, &space, &reward);
        assert!(one.len() as u64 <= sampler.trials() && one.len() >= 100);
        for workers in [2, 3, 4, 5, 6, 7, 8, 20] {
            for seed in 0..4 {
                let ends = Stream::new(seed, Purpose::Bench, 9, workers as u64, 0);
                let many = search(sampler, &space, &any, workers, &ends, &reward);
                assert_eq!(many, one, "{workers} workers, {seed}");
                assert_eq!(winner(&many), winner(&one));
            }
        }
    }
}

#[test]
fn evolution_waits_for_the_trials_up_to_eight_before() {
    let (space, evolution) = (b0(), Evolution::new(random(1, 200, 1)));
    let mut trials = alone(&random(1, 60, 1), &space, &|proposal| Some(f64::from(proposal.genes[0])));
    let with = proposal(evolution.propose(&space, &any, &trials).unwrap());
    trials[53..].iter_mut().for_each(|trial| trial.end = None);
    assert_eq!(proposal(evolution.propose(&space, &any, &trials).unwrap()), with);
    trials[52].end = None;
    assert_eq!(evolution.propose(&space, &any, &trials).unwrap(), Next::Wait);
}

#[test]
fn evolution_finds_better_networks_than_random_search() {
    let space = b0();
    let best = |sampler: &dyn Sampler, seed: u64| {
        let objective = Objective { space: &space, seed };
        let trials = alone(sampler, &space, &|proposal| Some(objective.reward(&proposal.genes)));
        assert_eq!(trials.len(), 200);
        winner(&trials).and_then(Trial::reward).unwrap()
    };
    let pairs = (0..20).map(|seed| {
        let random = random(seed, 200, 1);
        (best(&Evolution::new(random), seed), best(&random, seed))
    });
    let pairs: Vec<(f64, f64)> = pairs.collect();
    let better = pairs.iter().filter(|(evolution, random)| evolution > random).count();
    assert!(better >= 15, "evolution is better in {better} of 20: {pairs:?}");
}

#[test]
fn evolution_changes_one_gene_of_a_recent_member() {
    let space = b0();
    let objective = Objective { space: &space, seed: 11 };
    let trials =
        alone(&Evolution::new(random(11, 150, 1)), &space, &|proposal| Some(objective.reward(&proposal.genes)));
    for (number, trial) in trials.iter().enumerate() {
        let Some(parent) = trial.proposal.parent else {
            assert!(number < 32, "trial {number} has no parent");
            continue;
        };
        assert!((number - 32..=number - 8).contains(&(parent as usize)), "{number} comes from {parent}");
        let pairs = trial.proposal.genes.iter().zip(&trials[parent as usize].proposal.genes);
        assert_eq!(pairs.filter(|(child, parent)| child != parent).count(), 1);
    }
    assert!(trials[32..].iter().all(|trial| trial.proposal.parent.is_some()));
}

#[test]
fn a_tournament_is_won_as_often_as_its_size_says() {
    let space = b0();
    // Trial 0 is the best and too old to be a member; of the others the latest that is seen is.
    let reward = |number: u64| if number == 0 { 1e3 } else { number as f64 };
    let networks = (0..33).map(|number| trial(number, space.nth(number.into()).unwrap(), Some(reward(number))));
    let trials: Vec<Trial> = networks.collect();
    let (seeds, population) = (4_000, 25.0_f64);
    for (tournament, won) in [(1, 1.0 / population), (10, 1.0 - (1.0 - 1.0 / population).powi(10))] {
        let parents = (0..seeds).map(|seed| {
            let evolution = Evolution { tournament, ..Evolution::new(random(seed, 200, 1)) };
            proposal(evolution.propose(&space, &any, &trials).unwrap()).parent.unwrap()
        });
        let parents: Vec<u64> = parents.collect();
        assert!(parents.iter().all(|parent| (1..=25).contains(parent)));
        let share = parents.iter().filter(|parent| **parent == 25).count() as f64 / seeds as f64;
        // Four deviations of a binomial's share.
        assert!((share - won).abs() < 4.0 * (won * (1.0 - won) / seeds as f64).sqrt(), "{share} is not {won}");
    }
}

#[test]
fn members_are_the_trials_that_were_measured() {
    let space = b0();
    // The even ones failed: 50 seen trials have 25 members.
    let network = |number: u64| trial(number, space.nth(number.into()).unwrap(), (number % 2 == 1).then_some(1.0));
    let trials: Vec<Trial> = (0..57).map(network).collect();
    let parent = |before: &[Trial], seed| {
        proposal(Evolution::new(random(seed, 200, 1)).propose(&space, &any, before).unwrap()).parent
    };
    assert!((0..50).all(|seed| parent(&trials, seed).is_some_and(|parent| parent % 2 == 1)));
    assert!((0..50).all(|seed| parent(&trials[..55], seed).is_none()));
}

#[test]
fn random_search_draws_what_is_allowed_equally_often() {
    let space = small();
    // Only Fused-MBConv without expansion or with the largest: 24 of 72 networks.
    let allowed = |spec: &Spec| match (spec.rows()[0].operator, spec.rows()[0].expansion) {
        (effnet_spec::Operator::Fused, effnet_spec::Expansion::Ratio(1 | 6)) => Ok(()),
        _ => Err(Refusal { limit: Limit::Params, value: 2.0, most: 1.0 }),
    };
    let (seeds, mut counts, mut refused) = (7_200, vec![0_u64; space.size() as usize], 0);
    for seed in 0..seeds {
        // The second trial: the first one's network is left out.
        let first = proposal(random(seed, 9, 1).propose(&space, &allowed, &[]).unwrap());
        let trials = [Trial { number: 0, proposal: first.clone(), end: None }];
        let second = proposal(random(seed, 9, 1).propose(&space, &allowed, &trials).unwrap());
        assert_ne!(first.genes, second.genes);
        counts[space.index(&second.genes).unwrap() as usize] += 1;
        refused += first.refused;
    }
    counts.retain(|count| *count > 0);
    assert_eq!(counts.len(), 24);
    let chi_square: f64 = counts.iter().map(|&count| (count as f64 - 300.0).powi(2) / 300.0).sum();
    // The 99.99 % quantile for 23 degrees of freedom is 58.6.
    assert!(chi_square < 58.6, "{counts:?}");
    // Two of three draws are refused: two for each that is not.
    let mean = refused as f64 / seeds as f64;
    assert!((mean - 2.0).abs() < 0.15, "{mean}");
}

#[test]
fn a_small_space_ends_when_each_network_was_trained() {
    let space = small();
    let allowed = |spec: &Spec| match spec.rows()[0].kernel {
        3 => Ok(()),
        _ => Err(Refusal { limit: Limit::Macs, value: 2.0, most: 1.0 }),
    };
    let evolution = Evolution { population: 5, tournament: 2, ..Evolution::new(random(4, 500, 9)) };
    let halving = Halving::new(random(4, 500, 9));
    let samplers: [(&dyn Sampler, usize); 3] = [(&random(4, 500, 9), 36), (&evolution, 36), (&halving, 36 + 12 + 4)];
    for (sampler, count) in samplers {
        let ends = Stream::new(1, Purpose::Bench, 0, 0, 0);
        let reward = |proposal: &Proposal| Some(space.index(&proposal.genes).unwrap() as f64);
        let trials = search(sampler, &space, &allowed, 3, &ends, &reward);
        assert_eq!(trials.len(), count);
        let genes: BTreeSet<&[u16]> = trials.iter().map(|trial| &trial.proposal.genes[..]).collect();
        assert_eq!(genes.len(), 36);
        assert!(genes.iter().all(|genes| genes[2] == 0));
        let best = genes.iter().map(|genes| space.index(genes).unwrap()).max().unwrap();
        assert_eq!(winner(&trials).unwrap().reward(), Some(best as f64));
    }
}

#[test]
fn a_space_with_nothing_to_train_is_an_error() {
    let refuse = |spec: &Spec| {
        let limit = if spec.rows()[0].kernel == 3 { Limit::Params } else { Limit::StepMs };
        Err(Refusal { limit, value: 2.0, most: 1.0 })
    };
    let message = |space: &Space| random(0, 10, 1).propose(space, &refuse, &[]).unwrap_err().to_string();
    assert_eq!(
        message(&small()),
        "of 72 networks that were drawn from the space `small` none is left to train: 36 are over `params`, 36 are over \
         `step_ms`; raise the limits, or give its stages more choices"
    );
    let message = message(&b0());
    assert!(message.starts_with("of 100,000 networks that were drawn from the space `b0` none is left"), "{message}");
}

#[test]
fn rungs_have_a_third_of_the_networks_for_three_times_the_epochs() {
    let rungs = |samples, epochs, eta| {
        let halving = Halving { random: random(0, samples, epochs), eta };
        let rungs: Vec<(u64, u64)> = halving.rungs().iter().map(|rung| (rung.trials, rung.epochs)).collect();
        assert_eq!(halving.trials(), rungs.iter().map(|(trials, _)| trials).sum::<u64>());
        rungs
    };
    assert_eq!(rungs(27, 27, 3), [(27, 1), (9, 3), (3, 9), (1, 27)]);
    assert_eq!(rungs(1_000, 10, 3), [(1_000, 1), (333, 3), (111, 10)]);
    assert_eq!(rungs(24, 9, 3), [(24, 1), (8, 3), (2, 9)]);
    assert_eq!(rungs(8, 100, 3), [(8, 33), (2, 100)]);
    assert_eq!(rungs(24, 2, 3), [(24, 2)]);
    assert_eq!(rungs(2, 10, 3), [(2, 10)]);
    assert_eq!(rungs(0, 10, 3), [(0, 10)]);
    assert_eq!(rungs(10, 10, 2), [(10, 1), (5, 2), (2, 5), (1, 10)]);
    assert_eq!(rungs(10, 10, 0), rungs(10, 10, 2));
    assert_eq!(rungs(u64::MAX, u64::MAX, u64::MAX), [(u64::MAX, 1), (1, u64::MAX)]);
}

#[test]
fn a_rung_trains_the_best_of_the_one_below() {
    let space = b0();
    // Equal rewards for each pair of numbers, and trial 6 fails.
    let halving = Halving::new(random(2, 12, 9));
    let mut ended = 0_u64;
    let mut trials: Vec<Trial> = Vec::new();
    while let Next::Propose(proposal) = halving.propose(&space, &any, &trials).unwrap() {
        let reward = (ended != 6).then_some((ended / 2) as f64);
        trials.push(Trial { number: ended, proposal, end: Some(end(reward)) });
        ended += 1;
    }
    let shown: Vec<(Option<u64>, u64)> =
        trials.iter().map(|trial| (trial.proposal.parent, trial.proposal.epochs)).collect();
    assert_eq!(shown[..12], [(None, 1); 12]);
    assert_eq!(shown[12..], [(Some(10), 3), (Some(11), 3), (Some(8), 3), (Some(9), 3), (Some(14), 9)]);
    for trial in &trials[12..] {
        assert_eq!(trial.proposal.genes, trials[trial.proposal.parent.unwrap() as usize].proposal.genes);
    }
    assert_eq!(winner(&trials).unwrap().number, 16);
}

#[test]
fn a_rung_is_smaller_where_trials_failed() {
    let space = b0();
    let halving = Halving::new(random(2, 9, 9));
    let trials = |measured: usize| {
        let mut trials = alone(&random(2, 9, 1), &space, &|_| None);
        trials[..measured].iter_mut().for_each(|trial| trial.end = Some(end(Some(1.0))));
        trials
    };
    assert_eq!(halving.propose(&space, &any, &trials(0)).unwrap(), Next::End);
    let mut two = trials(2);
    for parent in [0, 1, 9] {
        let proposal = proposal(halving.propose(&space, &any, &two).unwrap());
        assert_eq!(proposal.parent, Some(parent));
        two.push(Trial { number: two.len() as u64, proposal, end: Some(end(Some(1.0))) });
    }
    assert_eq!(halving.propose(&space, &any, &two).unwrap(), Next::End);
}

#[test]
fn the_winner_had_the_most_epochs_and_the_highest_reward() {
    let mut trials: Vec<Trial> = [Some(3.0), None, Some(f64::NAN), Some(1.0), Some(2.0), Some(2.0)]
        .into_iter()
        .enumerate()
        .map(|(number, reward)| trial(number as u64, vec![], reward))
        .collect();
    assert_eq!(winner(&trials).unwrap().number, 0);
    trials[2..].iter_mut().for_each(|trial| trial.proposal.epochs = 9);
    assert_eq!(winner(&trials).unwrap().number, 4);
    assert_eq!(winner(&trials[1..3]), None);
}
