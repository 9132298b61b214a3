//! The kernels of a training step, from the stage table's own shapes.

use effnet_spec::plan::{Conv, ConvKind, LayerKind};
use effnet_spec::{Block, Size, Spec};

/// Bytes of an activation in bf16, and of a weight, a gradient of one or a sum in f32.
const MAP: u64 = 2;
const WEIGHT: u64 = 4;

/// What a kernel, or a few that belong together, is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Images,
    Pointwise,
    Convolution,
    Depthwise,
    Normalisation,
    SqueezeExcite,
    Head,
    Graph,
    Updates,
}

/// A pass of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pass {
    Forward,
    Backward,
    /// A convolution's gradient of its input, and that of its weight.
    Input,
    Weight,
}

/// One operation of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) kind: Kind,
    pub(crate) pass: Pass,
    /// Bytes of its arguments and results, each once.
    pub(crate) fewest: u64,
    /// Bytes that our kernels move.
    pub(crate) ours: u64,
    /// Multiply-accumulates of matrix products.
    pub(crate) products: u64,
    /// Elements of the map that it makes or takes, or of the weights.
    pub(crate) elements: u64,
}

/// All operations of a step on `batch` images of `side` × `side` pixels.
pub(crate) fn step(spec: &Spec, side: usize, batch: u64, classes: u64) -> Vec<Work> {
    let mut walk = Walk { batch, works: Vec::new() };
    let (image, stem) = (Size::square(side), spec.stem_conv());
    let images = walk.map(image, spec.settings.in_channels);
    // A byte in, an activation out.
    walk.push(Kind::Images, Pass::Forward, images, (1 + MAP) * images, (1 + MAP) * images, 0);
    walk.convolution(&stem, image, true);
    let mut size = stem.output(image);
    walk.normalisation(walk.map(size, stem.out_channels), false);
    for block in spec.blocks() {
        size = walk.block(&block, size);
    }
    let Some(LayerKind::Conv(head)) = spec.head().map(|site| site.layer.kind) else {
        panic!("the models that are counted have a convolution in their head")
    };
    walk.convolution(&head, size, false);
    walk.normalisation(walk.map(size, head.out_channels), false);
    walk.graph(walk.map(size, head.out_channels));
    walk.head(walk.map(size, head.out_channels), head.out_channels as u64, classes);
    let cost = spec.cost(image, classes as usize);
    walk.updates(cost.params, cost.buffers);
    walk.works
}

struct Walk {
    batch: u64,
    works: Vec<Work>,
}

impl Walk {
    fn map(&self, size: Size, channels: usize) -> u64 {
        self.batch * size.pixels() * channels as u64
    }

    fn push(&mut self, kind: Kind, pass: Pass, elements: u64, fewest: u64, ours: u64, products: u64) {
        self.works.push(Work { kind, pass, fewest, ours, products, elements });
    }

    /// The convolutions of a block, what stands behind each, and the gradients; the size that it puts out.
    fn block(&mut self, block: &Block, mut size: Size) -> Size {
        let mut layers = block.layers().peekable();
        while let Some(layer) = layers.next() {
            match layer.kind {
                LayerKind::SqueezeExcite(gate) => self.squeeze_excite(self.map(size, gate.channels)),
                LayerKind::Pooled(_) => panic!("a block pools nothing"),
                LayerKind::Conv(conv) => {
                    self.convolution(&conv, size, false);
                    size = conv.output(size);
                    let out = self.map(size, conv.out_channels);
                    self.normalisation(out, layers.peek().is_none() && block.has_shortcut());
                }
            }
        }
        if block.has_shortcut() {
            // The gradient of the block's input is added to the shortcut's where that lies.
            let map = self.map(size, block.out_channels);
            self.push(Kind::Graph, Pass::Backward, map, MAP * map, MAP * map, 0);
        }
        size
    }

    /// A convolution: product, gradient of the input, gradient of the weight. `is_first`: nobody asks for the input's.
    fn convolution(&mut self, conv: &Conv, input: Size, is_first: bool) {
        let (x, y) = (self.map(input, conv.in_channels), self.map(conv.output(input), conv.out_channels));
        let (maps, weights) = (MAP * (x + y), WEIGHT * conv.weights());
        let macs = self.batch * conv.cost(input).macs;
        let kind = match (conv.kind, conv.kernel) {
            (ConvKind::Depthwise, _) => Kind::Depthwise,
            (_, 1) => Kind::Pointwise,
            _ => Kind::Convolution,
        };
        let products = if kind == Kind::Depthwise { 0 } else { macs };
        // Weights are rewritten in bf16 before the product, and gradients of weights are f32.
        let rewritten = 2 * MAP * conv.weights();
        // A row of a matrix holds k × k pixels, written and read once more.
        let area = (conv.kernel * conv.kernel) as u64;
        let patches =
            if kind == Kind::Convolution { 2 * MAP * area * self.map(conv.output(input), conv.in_channels) } else { 0 };
        let fewest = maps + weights;
        let ours = fewest + rewritten + patches;
        self.push(kind, Pass::Forward, y, fewest, ours, products);
        if !is_first {
            self.push(kind, Pass::Input, x, fewest, ours, products);
        }
        self.push(kind, Pass::Weight, y, fewest, fewest + patches, products);
    }

    /// Batch normalisation and activation of a map, and the shortcut that is added.
    fn normalisation(&mut self, map: u64, is_residual: bool) {
        let shortcut = if is_residual { MAP * map } else { 0 };
        // In front of each way a pass that only reads: moments, and the sums of the gradient.
        self.push(Kind::Normalisation, Pass::Forward, map, 2 * MAP * map + shortcut, 3 * MAP * map + shortcut, 0);
        self.push(Kind::Normalisation, Pass::Backward, map, 3 * MAP * map, 5 * MAP * map, 0);
    }

    /// Mean, gate and product; its layers' own numbers are a thousandth of the map's.
    fn squeeze_excite(&mut self, map: u64) {
        self.push(Kind::SqueezeExcite, Pass::Forward, map, 2 * MAP * map, 3 * MAP * map, 0);
        self.push(Kind::SqueezeExcite, Pass::Backward, map, 3 * MAP * map, 4 * MAP * map, 0);
    }

    /// Global mean, linear layer and loss.
    fn head(&mut self, map: u64, features: u64, classes: u64) {
        let (weights, logits) = (WEIGHT * features * classes, WEIGHT * self.batch * classes);
        let macs = self.batch * features * classes;
        self.push(
            Kind::Head,
            Pass::Forward,
            map,
            MAP * map + weights + 3 * logits,
            MAP * map + weights + 3 * logits,
            macs,
        );
        self.push(
            Kind::Head,
            Pass::Backward,
            map,
            MAP * map + 2 * weights + 4 * logits,
            MAP * map + 2 * weights + 4 * logits,
            2 * macs,
        );
    }

    /// What candle's backward pass does with the gradient of the network's node: it writes zeros, reads both and writes
    /// their sum.
    fn graph(&mut self, map: u64) {
        self.push(Kind::Graph, Pass::Backward, map, 0, 4 * MAP * map, 0);
    }

    /// RMSprop or AdamW, the gradients' squares, the moving average.
    fn updates(&mut self, params: u64, buffers: u64) {
        let rule = 7 * WEIGHT * params;
        let squares = WEIGHT * params;
        let average = 3 * WEIGHT * (params + buffers);
        self.push(Kind::Updates, Pass::Forward, params, rule + average, rule + squares + average, 0);
    }
}
