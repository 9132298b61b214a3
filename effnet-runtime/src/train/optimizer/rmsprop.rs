//! RMSprop, in TensorFlow's form.

use super::{DeviceRule, Now, Rule, Slot};

/// RMSprop in TensorFlow's form, which EfficientNets are trained with (timm's `RMSpropTF`): epsilon inside the root, an
/// average of squares that starts at 1, the rate inside the momentum buffer. Decay is added to the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Decay of the mean of squared gradients. automl's is 0.9.
    pub decay: f64,
    /// Share of the momentum buffer that a step keeps. automl's is 0.9.
    pub momentum: f64,
    /// Epsilon, which keeps the division finite. automl's is 0.001.
    pub eps: f64,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { decay: 0.9, momentum: 0.9, eps: 1e-3 }
    }
}

impl Rule for RmsProp {
    fn name(&self) -> &'static str {
        "rmsprop"
    }

    fn slots(&self) -> &'static [Slot] {
        &[Slot { name: "square", start: 1.0 }, Slot { name: "momentum", start: 0.0 }]
    }

    fn factors(&self, now: Now) -> [f32; 8] {
        [1.0 - self.decay, self.momentum, self.eps, now.decay, now.rate, now.scale, 0.0, 0.0]
            .map(|factor| factor as f32)
    }

    fn update(&self, factors: [f32; 8], weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
        let [square, buffer] = slots else { return };
        let [new, momentum, eps, decay, rate, scale, ..] = factors;
        for (((w, g), s), b) in weights.iter_mut().zip(gradients).zip(square.iter_mut()).zip(buffer.iter_mut()) {
            let g = g * scale + decay * *w;
            *s += new * (g * g - *s);
            *b = *b * momentum + rate * g / (*s + eps).sqrt();
            *w -= *b;
        }
    }

    fn kernel(&self) -> Option<DeviceRule> {
        Some(DeviceRule::RmsProp)
    }
}
