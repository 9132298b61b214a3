//! Stochastic gradient descent with Nesterov momentum.

use super::{DeviceRule, Now, Rule, Slot};

/// SGD with Nesterov momentum in PyTorch's form (`torch.optim.SGD(nesterov=True)`): the rate multiplies the momentum
/// buffer from outside, and decay is added to the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Share of the buffer that a step keeps.
    pub momentum: f64,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl Rule for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn slots(&self) -> &'static [Slot] {
        &[Slot { name: "momentum", start: 0.0 }]
    }

    fn factors(&self, now: Now) -> [f32; 8] {
        [self.momentum, now.decay, now.rate, now.scale, 0.0, 0.0, 0.0, 0.0].map(|factor| factor as f32)
    }

    fn update(&self, factors: [f32; 8], weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
        let [buffer] = slots else { return };
        let [momentum, decay, rate, scale, ..] = factors;
        for ((w, g), b) in weights.iter_mut().zip(gradients).zip(buffer.iter_mut()) {
            let g = g * scale + decay * *w;
            *b = *b * momentum + g;
            *w -= rate * (g + momentum * *b);
        }
    }

    fn kernel(&self) -> Option<DeviceRule> {
        Some(DeviceRule::Sgd)
    }
}
