//! The convolutions that a network is made of: the one list that every count is taken from.

use crate::{Block, Cost, Operator, Size, Spec};

/// One convolution, with the batch normalisation behind it or a bias of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// What it does.
    pub role: Role,
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Side of the k×k kernel.
    pub kernel: usize,
    /// Stride, in both directions.
    pub stride: usize,
}

/// What a convolution does in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Dense, then batch normalisation and activation: the stem, an expansion, the head, or a fused block's only one.
    Activated,
    /// One filter a channel, then batch normalisation and activation.
    Depthwise,
    /// 1×1 to a block's output, then batch normalisation without activation.
    Project,
    /// 1×1 on the pooled map, with a bias, then the activation: into the squeeze-and-excitation's bottleneck.
    Squeeze,
    /// 1×1 on the pooled map, with a bias, then a sigmoid: the gate that the map is multiplied by.
    Excite,
}

impl Conv {
    /// Whether it sees the pooled map, of one pixel, and has a bias instead of batch normalisation.
    pub const fn is_pooled(&self) -> bool {
        matches!(self.role, Role::Squeeze | Role::Excite)
    }

    /// The size that it puts out, for a block's map of size `input`.
    pub const fn output(&self, input: Size) -> Size {
        if self.is_pooled() { Size::ONE } else { input.strided(self.stride) }
    }

    /// Numbers in the kernel.
    pub const fn weights(&self) -> u64 {
        let inputs = if matches!(self.role, Role::Depthwise) { 1 } else { self.in_channels as u64 };
        let area = (self.kernel as u64).saturating_mul(self.kernel as u64);
        area.saturating_mul(inputs).saturating_mul(self.out_channels as u64)
    }

    /// What it and its batch normalisation cost, for a map of size `input`.
    pub const fn cost(&self, input: Size) -> Cost {
        let channels = self.out_channels as u64;
        let pixels = self.output(input).pixels();
        let (learnt, buffers) = if self.is_pooled() { (1, 0) } else { (2, 2) };
        Cost {
            params: self.weights().saturating_add(channels.saturating_mul(learnt)),
            buffers: channels.saturating_mul(buffers),
            macs: self.weights().saturating_mul(pixels),
            activations: channels.saturating_mul(pixels),
        }
    }
}

/// The convolutions of one block, in the order in which they run: five at most.
#[derive(Clone, Copy, Debug)]
pub struct Convs {
    list: [Conv; 5],
    len: usize,
}

impl Convs {
    const fn none() -> Self {
        let unused = Conv { role: Role::Activated, in_channels: 0, out_channels: 0, kernel: 0, stride: 1 };
        Self { list: [unused; 5], len: 0 }
    }

    const fn and(mut self, role: Role, channels: [usize; 2], kernel: usize, stride: usize) -> Self {
        self.list[self.len] = Conv { role, in_channels: channels[0], out_channels: channels[1], kernel, stride };
        self.len += 1;
        self
    }

    const fn and_squeeze_excite(self, block: &Block) -> Self {
        if block.squeezed == 0 {
            return self;
        }
        self.and(Role::Squeeze, [block.expanded, block.squeezed], 1, 1).and(
            Role::Excite,
            [block.squeezed, block.expanded],
            1,
            1,
        )
    }

    /// As a slice.
    pub const fn as_slice(&self) -> &[Conv] {
        self.list.split_at(self.len).0
    }
}

impl Block {
    /// The block's convolutions, in the order in which they run.
    pub const fn convs(&self) -> Convs {
        let Self { kernel, stride, in_channels, out_channels, expanded, .. } = *self;
        let convs = Convs::none();
        match (self.operator, self.expansion) {
            (Operator::Fused, 1) => {
                convs.and_squeeze_excite(self).and(Role::Activated, [in_channels, out_channels], kernel, stride)
            }
            (Operator::Fused, _) => convs
                .and(Role::Activated, [in_channels, expanded], kernel, stride)
                .and_squeeze_excite(self)
                .and(Role::Project, [expanded, out_channels], 1, 1),
            (Operator::MbConv, expansion) => {
                let convs =
                    if expansion == 1 { convs } else { convs.and(Role::Activated, [in_channels, expanded], 1, 1) };
                convs.and(Role::Depthwise, [expanded, expanded], kernel, stride).and_squeeze_excite(self).and(
                    Role::Project,
                    [expanded, out_channels],
                    1,
                    1,
                )
            }
        }
    }
}

impl Spec {
    /// The first convolution: 3×3, stride 2, from the image to the first row's input.
    pub const fn stem_conv(&self) -> Conv {
        Conv {
            role: Role::Activated,
            in_channels: self.settings.in_channels,
            out_channels: self.stem_channels(),
            kernel: 3,
            stride: 2,
        }
    }

    /// The head's convolution: 1×1, from the last row's output to the features in front of the classifier.
    pub const fn head_conv(&self) -> Conv {
        Conv {
            role: Role::Activated,
            in_channels: self.last_channels(),
            out_channels: self.settings.num_features,
            kernel: 1,
            stride: 1,
        }
    }
}
