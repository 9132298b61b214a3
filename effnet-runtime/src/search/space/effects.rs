//! How much each choice mattered to the reward.

use super::Space;
use crate::search::trial::Trial;

/// How the trials with one choice fared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChoiceEffect {
    /// Trials with it.
    pub trials: u64,
    /// The mean of their rewards; none without trials.
    pub mean: Option<f64>,
}

/// How much the choices of one gene mattered.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Each choice, in the order of [`Gene::choices`](super::Gene::choices).
    pub choices: Vec<ChoiceEffect>,
    /// The share of the rewards' variance, in 0..=1, that lies between the means of the choices (one-way analysis of
    /// variance). By chance alone it is about (choices − 1) / (trials − 1). The shares of all genes need not add up to 1.
    pub share: f64,
}

/// The marginal effect of each gene of the space, in the order of [`Space::genes`], over the trials that have a reward.
/// Rewards compare where all trials had the same number of epochs.
pub fn effects<'a>(space: &Space, trials: impl IntoIterator<Item = &'a Trial>) -> Vec<Effect> {
    let trials = trials.into_iter();
    let rewards: Vec<(&[u16], f64)> =
        trials.filter_map(|trial| Some((&trial.proposal.genes[..], trial.reward()?))).collect();
    let mean = mean(rewards.iter().map(|(_, reward)| *reward));
    let total: f64 = rewards.iter().map(|(_, reward)| (reward - mean.unwrap_or_default()).powi(2)).sum();
    let effect = |(place, length): (usize, usize)| {
        let choices = (0..length).map(|choice| {
            let with = rewards.iter().filter(|(genes, _)| genes.get(place) == Some(&(choice as u16)));
            ChoiceEffect { trials: with.clone().count() as u64, mean: self::mean(with.map(|(_, reward)| *reward)) }
        });
        let choices: Vec<ChoiceEffect> = choices.collect();
        let between = choices.iter().filter_map(|choice| {
            let difference = choice.mean? - mean?;
            Some(choice.trials as f64 * difference.powi(2))
        });
        let share = if total > 0.0 { (between.sum::<f64>() / total).min(1.0) } else { 0.0 };
        Effect { choices, share }
    };
    space.genes().iter().map(|gene| gene.choices.len()).enumerate().map(effect).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::trial::{End, Outcome, Proposal};

    fn trial(genes: [u16; 5], reward: Option<f64>) -> Trial {
        let outcome = Outcome { accuracy: 0.5, time: 1.0, milliseconds: None, params: 1, macs: 1 };
        let end = match reward {
            Some(reward) => End::Measured { outcome, reward },
            None => End::Failed { reason: "its loss is not finite".to_owned() },
        };
        let proposal = Proposal { genes: genes.to_vec(), epochs: 1, parent: None, refused: 0 };
        Trial { number: 0, proposal, end: Some(end) }
    }

    fn space() -> Space {
        let text = "stem = 8\nse_ratio = 0\n[[stage]]\nstride = 1\noperator = ['mbconv', 'fused']\nlayers = [1, 2, 3]\nkernel = 3\nexpansion = 4\nwidth = 8";
        Space::parse("small", text).unwrap()
    }

    #[test]
    fn a_gene_s_share_is_the_variance_between_its_choices() {
        let trials = [
            trial([0, 0, 0, 0, 0], Some(1.0)),
            trial([0, 1, 0, 0, 0], Some(2.0)),
            trial([1, 0, 0, 0, 0], Some(5.0)),
            trial([1, 1, 0, 0, 0], Some(8.0)),
            trial([1, 2, 0, 0, 0], None),
        ];
        let effects = effects(&space(), &trials);
        let means = |gene: usize| effects[gene].choices.iter().map(|choice| choice.mean).collect::<Vec<_>>();
        assert_eq!(means(0), [Some(1.5), Some(6.5)]);
        assert_eq!(means(1), [Some(3.0), Some(5.0), None]);
        assert_eq!(effects[1].choices.iter().map(|choice| choice.trials).collect::<Vec<_>>(), [2, 2, 0]);
        // By hand: the mean is 4 and the sum of squares 9 + 4 + 1 + 16 = 30; between operators 4 · 2.5², between layers 4 · 1².
        assert!((effects[0].share - 25.0 / 30.0).abs() < 1e-12);
        assert!((effects[1].share - 4.0 / 30.0).abs() < 1e-12);
        assert_eq!(effects[2].share, 0.0);
    }

    #[test]
    fn there_is_no_effect_without_trials_or_differences() {
        let none = effects(&space(), &[]);
        assert_eq!(none.len(), 5);
        assert!(none.iter().all(|effect| effect.share == 0.0));
        let same = effects(&space(), &[trial([0; 5], Some(2.0)), trial([1, 0, 0, 0, 0], Some(2.0))]);
        assert!(same.iter().all(|effect| effect.share == 0.0));
    }
}
