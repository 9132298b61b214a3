//! The modules that the network has in PyTorch, as WZMIAOMIAO's `Test11_efficientnetV2/model.py` builds it.

use crate::plan::{Conv, LayerKind, PooledConv, SqueezeExcite};
use crate::{Activation, Block, Gate, Size, Spec};

/// A module of the PyTorch model, and its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its class: `Conv2d`, `ConvBNAct`, `FusedMBConv`, …
    pub class: &'static str,
    /// Channels of its output.
    pub channels: usize,
    /// Size of its output; `None` behind the flattening.
    pub size: Option<Size>,
    /// Parameters of its own, without those of the modules in it.
    pub params: u64,
}

impl Module {
    /// Elements of its output, for one image.
    pub const fn elements(&self) -> u64 {
        let pixels = match self.size {
            Some(size) => size.pixels(),
            None => 1,
        };
        (self.channels as u64).saturating_mul(pixels)
    }
}

impl Activation {
    /// The class of PyTorch's module.
    const fn class(self) -> &'static str {
        match self {
            Activation::Silu => "SiLU",
            Activation::Relu => "ReLU",
            Activation::Relu6 => "ReLU6",
            Activation::HardSwish => "Hardswish",
        }
    }
}

impl Gate {
    /// The class of PyTorch's module.
    const fn class(self) -> &'static str {
        match self {
            Gate::Sigmoid => "Sigmoid",
            Gate::HardSigmoid => "Hardsigmoid",
        }
    }
}

impl Spec {
    /// Every module below the model in the order in which PyTorch calls it, containers behind what they contain.
    /// `Sequential`s are left out, as torchsummary does.
    pub fn modules(&self, image: Size, num_classes: usize) -> Vec<Module> {
        let mut walk = Walk { size: image, modules: Vec::new() };
        walk.conv_bn_act(&self.stem_conv());
        for block in self.blocks() {
            walk.block(&block);
        }
        let head = self.head().map(|site| site.layer.kind);
        if let Some(LayerKind::Conv(conv)) = head {
            walk.conv_bn_act(&conv);
        }
        let (pooled, features) = match head {
            Some(LayerKind::Pooled(conv)) => (conv.in_channels, conv.out_channels),
            _ => (self.num_features(), self.num_features()),
        };
        walk.push("AdaptiveAvgPool2d", pooled, Some(Size::ONE), 0);
        if let Some(LayerKind::Pooled(conv)) = head {
            walk.pooled(&conv);
        }
        walk.push("Flatten", features, None, 0);
        if let Some(classifier) = self.classifier(num_classes) {
            if self.settings.dropout > 0.0 {
                walk.push("Dropout", features, None, 0);
            }
            walk.push("Linear", num_classes, None, classifier.cost().params);
        }
        walk.modules
    }
}

/// A walk through the model.
struct Walk {
    /// Size of the map so far.
    size: Size,
    modules: Vec<Module>,
}

impl Walk {
    fn push(&mut self, class: &'static str, channels: usize, size: Option<Size>, params: u64) {
        self.modules.push(Module { class, channels, size, params });
    }

    fn conv_bn_act(&mut self, conv: &Conv) {
        self.size = conv.output(self.size);
        let (channels, size) = (conv.out_channels, Some(self.size));
        let activation = conv.activation.map_or("Identity", Activation::class);
        self.push("Conv2d", channels, size, conv.weights());
        self.push("BatchNorm2d", channels, size, 2 * channels as u64);
        self.push(activation, channels, size, 0);
        self.push("ConvBNAct", channels, size, 0);
    }

    fn squeeze_excite(&mut self, gate: &SqueezeExcite) {
        let SqueezeExcite { channels, squeezed, activation, gate: function } = *gate;
        for (outputs, activation) in [(squeezed, activation.class()), (channels, function.class())] {
            self.push("Conv2d", outputs, Some(Size::ONE), gate.weights().saturating_add(outputs as u64));
            self.push(activation, outputs, Some(Size::ONE), 0);
        }
        self.push("SqueezeExcite", channels, Some(self.size), 0);
    }

    fn pooled(&mut self, conv: &PooledConv) {
        let (channels, size) = (conv.out_channels, Some(Size::ONE));
        self.push("Conv2d", channels, size, conv.cost().params);
        self.push(conv.activation.class(), channels, size, 0);
    }

    fn block(&mut self, block: &Block) {
        for template in block.templates() {
            match template.layer(block).map(|layer| layer.kind) {
                Some(LayerKind::Conv(conv)) => self.conv_bn_act(&conv),
                Some(LayerKind::SqueezeExcite(gate)) => self.squeeze_excite(&gate),
                Some(LayerKind::Pooled(conv)) => self.pooled(&conv),
                None => {
                    if let Some(class) = block.operator.block_type().ungated_class {
                        self.push(class, template.out_channels(block), Some(self.size), 0);
                    }
                }
            }
        }
        if block.has_shortcut() && block.drop_path > 0.0 {
            self.push("DropPath", block.out_channels, Some(self.size), 0);
        }
        self.push(block.operator.block_type().class, block.out_channels, Some(self.size), 0);
    }
}
