//! Stochastic gradient descent with Nesterov momentum.

use super::{Kernel, Now, OnDevice, Rule, Slot};

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

impl Sgd {
    /// Scalar factors of a step, in the kernel's order.
    fn factors(&self, now: Now) -> [f32; 8] {
        [self.momentum, now.decay, now.rate, now.scale, 0.0, 0.0, 0.0, 0.0].map(|factor| factor as f32)
    }
}

impl Rule for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn slots(&self) -> &'static [Slot] {
        &[Slot { name: "momentum", start: 0.0 }]
    }

    fn update(&self, now: Now, weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
        let [buffer] = slots else { return };
        let [momentum, decay, rate, scale, ..] = self.factors(now);
        for ((w, g), b) in weights.iter_mut().zip(gradients).zip(buffer.iter_mut()) {
            let g = g * scale + decay * *w;
            *b = *b * momentum + g;
            *w -= rate * (g + momentum * *b);
        }
    }

    fn on_device(&self, now: Now) -> Option<OnDevice> {
        Some(OnDevice { kernel: Kernel::Sgd, factors: self.factors(now) })
    }
}
