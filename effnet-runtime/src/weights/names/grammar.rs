//! The names that a scheme could give to a parameter of some network.

use super::Scheme;

/// Names of parameters and buffers in PyTorch's modules.
const PYTORCH: &[&str] = &["weight", "bias", "running_mean", "running_var"];

/// Names of parameters in TensorFlow's layers.
const TENSORFLOW: &[&str] = &["kernel", "depthwise_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"];

impl Scheme {
    /// Names of the modules that a network of this scheme consists of.
    const fn roots(self) -> &'static [&'static str] {
        match self {
            Self::Own => &["stem", "blocks", "head"],
            Self::Torchvision => &["features", "classifier"],
            Self::Timm => &["conv_stem", "bn1", "blocks", "conv_head", "bn2", "classifier"],
            Self::Lukemelas => &["_conv_stem", "_bn0", "_blocks", "_conv_head", "_bn1", "_fc"],
            Self::Keras => &["stem_conv", "stem_bn", "top_conv", "top_bn", "predictions"],
            Self::Automl => &["stem", "head"],
            Self::AutomlObjects => &["_stem", "_blocks", "_head", "_fc"],
        }
    }

    /// The beginning of the names of blocks that stand beside the roots.
    const fn numbered_root(self) -> Option<&'static str> {
        match self {
            Self::Keras => Some("block"),
            Self::Automl => Some("blocks_"),
            _ => None,
        }
    }

    /// Whether some network of this scheme, possibly with layers that no known one has, could call a parameter this. A
    /// network that lacks the parameter computes something else than the file's. Other names (`n_averaged`,
    /// `ema.decay`, `blocks.0.0.conv_pw.weight_mask`) are of tensors that no network computes with.
    pub(crate) fn could_name(self, name: &str) -> bool {
        let separator = self.separator();
        let (root, rest) = name.split_once(separator).unwrap_or((name, ""));
        let leaf = rest.rsplit(separator).next().unwrap_or_default();
        let numbered = self.numbered_root().and_then(|start| root.strip_prefix(start));
        let is_root = self.roots().contains(&root)
            || numbered.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()));
        is_root && if self.is_tensorflow() { TENSORFLOW } else { PYTORCH }.contains(&leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::Scheme;

    #[test]
    fn names_within_and_outside() {
        use Scheme::{Automl, AutomlObjects, Keras, Lukemelas, Own, Timm, Torchvision};
        for (name, schemes) in [
            ("stem.conv.weight", &[Own][..]),
            ("stem.conv.bias", &[Own]),
            ("blocks.60.project_conv.bn.running_var", &[Own, Timm]),
            ("blocks.3.0.se.conv_reduce.bias", &[Own, Timm]),
            ("blocks.0.0.attention.layers.7.weight", &[Own, Timm]),
            ("head.classifier.weight", &[Own]),
            ("features.0.0.weight", &[Torchvision]),
            ("features.9.0.block.3.1.running_mean", &[Torchvision]),
            ("classifier.1.bias", &[Torchvision, Timm]),
            ("classifier.bias", &[Torchvision, Timm]),
            ("conv_stem.weight", &[Timm]),
            ("bn1.running_mean", &[Timm]),
            ("conv_head.weight", &[Timm]),
            ("bn2.bias", &[Timm]),
            ("n_averaged", &[]),
            ("ema.decay", &[]),
            ("criterion.weight", &[]),
            ("loss.pos_weight", &[]),
            ("total_ops", &[]),
            ("blocks.0.0.total_params", &[]),
            ("blocks.0.0.conv_pw.weight_mask", &[]),
            ("blocks.0.0.bn1.num_batches_tracked", &[]),
            ("features.0.0.weight_fake_quant.scale", &[]),
            ("stem", &[]),
            ("weight", &[]),
            ("stem.", &[]),
            (".weight", &[]),
            ("", &[]),
            ("stemma.weight", &[]),
            ("Stem.conv.weight", &[]),
            ("_blocks.0._bn1.running_var", &[Lukemelas]),
            ("_fc.bias", &[Lukemelas]),
            ("block2a_dwconv2/kernel", &[Keras]),
            ("blocks_11/se/conv2d_1/bias", &[Automl]),
            ("block_mask/kernel", &[]),
            ("normalization/mean", &[]),
            ("stem/conv2d/kernel", &[Automl]),
            ("_blocks/0/_norm1/moving_mean", &[AutomlObjects]),
            ("head/dense/kernel/Momentum", &[]),
        ] {
            let could: Vec<_> = Scheme::ALL.into_iter().filter(|scheme| scheme.could_name(name)).collect();
            assert_eq!(could, schemes, "{name}");
        }
    }
}
