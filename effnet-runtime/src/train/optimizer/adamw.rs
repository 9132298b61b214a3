//! AdamW.

use super::{DeviceRule, Now, Rule, Slot};

/// Adam with decoupled weight decay (Loshchilov & Hutter, *Decoupled Weight Decay Regularization*, algorithm 2), in
/// PyTorch's form (`torch.optim.AdamW`): decay is scaled by the rate, and epsilon is added outside the root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Decay of the mean of gradients. PyTorch's default is 0.9.
    pub beta1: f64,
    /// Decay of the mean of squared gradients. PyTorch's default is 0.999.
    pub beta2: f64,
    /// Epsilon, which keeps the division finite. PyTorch's default is 1e-8.
    pub eps: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl Rule for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn slots(&self) -> &'static [Slot] {
        &[Slot { name: "mean", start: 0.0 }, Slot { name: "square", start: 0.0 }]
    }

    fn factors(&self, now: Now) -> [f32; 8] {
        let steps = now.step as f64;
        let rate = now.rate / (1.0 - self.beta1.powf(steps));
        let root = (1.0 - self.beta2.powf(steps)).sqrt();
        let kept = 1.0 - now.rate * now.decay;
        let (new1, new2) = (1.0 - self.beta1, 1.0 - self.beta2);
        [rate, root, kept, self.eps, now.scale, self.beta2, new1, new2].map(|factor| factor as f32)
    }

    fn update(&self, factors: [f32; 8], weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
        let [mean, square] = slots else { return };
        let [rate, root, kept, eps, scale, beta2, new1, new2] = factors;
        for (((w, g), m), v) in weights.iter_mut().zip(gradients).zip(mean.iter_mut()).zip(square.iter_mut()) {
            let g = g * scale;
            *m += (g - *m) * new1;
            *v = *v * beta2 + g * g * new2;
            *w = *w * kept - rate * (*m / (v.sqrt() / root + eps));
        }
    }

    fn kernel(&self) -> Option<DeviceRule> {
        Some(DeviceRule::AdamW)
    }
}
