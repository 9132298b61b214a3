//! Memory for activations.

use crate::plan::LayerKind;
use crate::{Size, Spec};

/// Bytes of a number in f32.
const F32: u64 = 4;

impl Spec {
    /// torchsummary's "Forward/backward pass size" in bytes, for one image: twice the output of every module of the
    /// PyTorch model, containers too. More than training takes; for that see [`Spec::train_activation_bytes`].
    pub fn forward_backward_bytes(&self, image: Size, num_classes: usize) -> u64 {
        let modules = self.modules(image, num_classes);
        let elements = modules.iter().fold(0_u64, |sum, module| sum.saturating_add(module.elements()));
        elements.saturating_mul(2 * F32)
    }

    /// Estimate of the bytes that are alive, for one image, between a training step's forward and its backward, in f32.
    ///
    /// These are the image; each convolution's output, for the backward of its batch normalisation, and the activated
    /// map, for that of the next convolution; each squeeze-and-excitation's product, and each shortcut's sum.
    /// Parameters, the optimizer's memory and gradients, of which few are alive at a time, come on top.
    pub fn train_activation_bytes(&self, image: Size, num_classes: usize) -> u64 {
        let map = |channels: usize, size: Size| size.pixels().saturating_mul(channels as u64);
        let convolutions = self.cost(image, num_classes).activations.saturating_mul(2);
        let mut elements = map(self.settings.in_channels, image).saturating_add(convolutions);
        let mut size = self.stem_conv().output(image);
        for block in self.blocks() {
            for layer in block.layers() {
                size = layer.output(size);
                if let LayerKind::SqueezeExcite(gate) = layer.kind {
                    elements = elements.saturating_add(map(gate.channels, size));
                }
            }
            if block.has_shortcut() {
                elements = elements.saturating_add(map(block.out_channels, size));
            }
        }
        elements.saturating_mul(F32)
    }
}
