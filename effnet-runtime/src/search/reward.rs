//! What a search maximises.

use serde::{Deserialize, Serialize};

use super::trial::Outcome;

/// Makes one number of what a network came to: the more, the better. A closure can do it too.
pub trait Reward {
    /// The reward of an outcome.
    fn reward(&self, outcome: &Outcome) -> f64;
}

impl<F: Fn(&Outcome) -> f64> Reward for F {
    fn reward(&self, outcome: &Outcome) -> f64 {
        self(outcome)
    }
}

/// The weighted product of the paper's section 3.2: A · S^w · P^v of the accuracy A, the time S in times of the reference
/// network's, and the parameters P in millions.
///
/// By the paper's exponents, twice the time costs 4.7 % of the reward, and twice the parameters 3.4 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperReward {
    /// The exponent w of the time.
    pub time: f64,
    /// The exponent v of the parameters.
    pub params: f64,
}

impl PaperReward {
    /// The paper's exponents.
    pub const PAPER: Self = Self { time: -0.07, params: -0.05 };
}

impl Default for PaperReward {
    fn default() -> Self {
        Self::PAPER
    }
}

impl Reward for PaperReward {
    fn reward(&self, outcome: &Outcome) -> f64 {
        outcome.accuracy * outcome.time.powf(self.time) * (outcome.params as f64 / 1e6).powf(self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(accuracy: f64, time: f64, params: u64) -> Outcome {
        Outcome { accuracy, time, milliseconds: None, params, macs: 0 }
    }

    fn close(reward: f64, by_hand: f64) {
        assert!((reward - by_hand).abs() < 5e-7, "{reward} is not {by_hand}");
    }

    #[test]
    fn the_paper_s_reward_is_what_a_pocket_calculator_says() {
        let reward = |accuracy, time, params| PaperReward::PAPER.reward(&outcome(accuracy, time, params));
        // Neither exponent has a say at S = 1 and P = 1 million.
        close(reward(0.75, 1.0, 1_000_000), 0.75);
        // 2^-0.07 = exp(-0.07 · 0.6931472) = 0.9526380; 10^-0.05 = exp(-0.05 · 2.3025851) = 0.8912509.
        close(reward(1.0, 2.0, 1_000_000), 0.9526380);
        close(reward(1.0, 1.0, 10_000_000), 0.8912509);
        // EfficientNetV2-S of the paper's table 7: 83.9 %, 22 M; at half the reference's step time.
        // 0.839 · 0.5^-0.07 · 22^-0.05 = 0.839 · 1.0497167 · 0.8567988.
        close(reward(0.839, 0.5, 22_000_000), 0.7545933);
    }

    #[test]
    fn exponents_and_closures_are_the_user_s() {
        let twice = outcome(0.5, 2.0, 4_000_000);
        close(PaperReward { time: -1.0, params: -0.5 }.reward(&twice), 0.125);
        close((|outcome: &Outcome| outcome.accuracy - outcome.time).reward(&twice), -1.5);
        let as_data: Box<dyn Reward> = Box::new(PaperReward::default());
        close(as_data.reward(&outcome(0.0, 3.0, 5_000_000)), 0.0);
    }
}
