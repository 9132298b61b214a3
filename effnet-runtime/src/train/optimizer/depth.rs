//! Learning rates by depth: layers near the images move less.

/// Layer-wise decay of the learning rate (Clark et al., *ELECTRA*, appendix A), in timm's groups for an EfficientNet
/// (`EfficientNet.group_matcher`): the stem, each block, the last block together with the head's convolution, and the
/// classifier, whose rate is the whole one. Each group in front has the rate of the next times `factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthDecay {
    /// Rate of a group as a share of the next one's; 1 for one rate for all.
    pub factor: f64,
    /// Blocks of the network.
    pub blocks: usize,
}

impl DepthDecay {
    /// Share of the learning rate for the weight of this name.
    pub fn of(&self, name: &str) -> f64 {
        let groups_behind = match name.split('.').collect::<Vec<_>>()[..] {
            ["stem", ..] => self.blocks + 1,
            ["blocks", block, ..] => block.parse().map_or(0, |block: usize| self.blocks.saturating_sub(block)),
            ["head", "project_conv", ..] => usize::from(self.blocks > 0),
            _ => 0,
        };
        self.factor.powi(groups_behind as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::DepthDecay;

    /// timm 1.0.31, `param_groups_layer_decay(model, layer_decay=0.5)` of a network of 3 blocks: stem, blocks, classifier
    /// have the scales 1/16, 1/8, 1/4, 1/2, 1; `conv_head` and `bn2` that of the last block.
    #[test]
    fn shares_are_timms() {
        let decay = DepthDecay { factor: 0.5, blocks: 3 };
        for (name, share) in [
            ("stem.conv.weight", 1.0 / 16.0),
            ("stem.bn.bias", 1.0 / 16.0),
            ("blocks.0.project_conv.conv.weight", 1.0 / 8.0),
            ("blocks.2.se.conv_reduce.bias", 1.0 / 2.0),
            ("head.project_conv.bn.weight", 1.0 / 2.0),
            ("head.classifier.weight", 1.0),
            ("somewhere.else", 1.0),
        ] {
            assert_eq!(decay.of(name), share, "{name}");
        }
        assert_eq!(DepthDecay { factor: 1.0, blocks: 3 }.of("stem.conv.weight"), 1.0);
        assert_eq!(DepthDecay { factor: 0.9, blocks: 0 }.of("head.project_conv.conv.weight"), 1.0);
    }
}
