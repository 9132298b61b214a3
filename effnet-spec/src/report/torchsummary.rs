//! The summary that the Python package torchsummary prints of the PyTorch model.

use crate::text::thousands;
use crate::{Module, Size, Spec};

const RULE: &str = "----------------------------------------------------------------\n";
const DOUBLE_RULE: &str = "================================================================\n";

/// Bytes in what torchsummary calls MB.
const MIB: f64 = 1_048_576.0;

/// Layers, output shapes, parameters and memory, in torchsummary's own layout: what
/// `summary(model, (channels, height, width))` prints of WZMIAOMIAO's model.
pub fn torchsummary(spec: &Spec, image: Size, num_classes: usize) -> String {
    let modules = spec.modules(image, num_classes);
    let mut text = format!("{RULE}{:>20}  {:>25} {:>15}\n{DOUBLE_RULE}", "Layer (type)", "Output Shape", "Param #");
    for (index, module) in modules.iter().enumerate() {
        let layer = format!("{}-{}", module.class, index + 1);
        text += &format!("{layer:>20}  {:>25} {:>15}\n", shape(module), thousands(module.params));
    }
    let params = spec.params(num_classes);
    let input = 4.0 * (image.pixels() as f64) * spec.settings.in_channels as f64 / MIB;
    let outputs = spec.forward_backward_bytes(image, num_classes) as f64 / MIB;
    let weights = 4.0 * params as f64 / MIB;
    text += DOUBLE_RULE;
    text += &format!("Total params: {}\n", thousands(params));
    text += &format!("Trainable params: {}\n", thousands(params));
    text += "Non-trainable params: 0\n";
    text += RULE;
    text += &format!("Input size (MB): {input:.2}\n");
    text += &format!("Forward/backward pass size (MB): {outputs:.2}\n");
    text += &format!("Params size (MB): {weights:.2}\n");
    text += &format!("Estimated Total Size (MB): {:.2}\n", input + outputs + weights);
    text += RULE;
    text
}

fn shape(module: &Module) -> String {
    match module.size {
        Some(size) => format!("[-1, {}, {}, {}]", module.channels, size.height, size.width),
        None => format!("[-1, {}]", module.channels),
    }
}
