//! A block that no other schedule fits: layer by layer, in f32, each layer from a whole map to a whole map.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::depthwise::CHANNELS;
use effnet_spec::plan::{ConvKind, LayerKind};

use super::Conventions;
use super::conv::{Conv, Input};
use super::depthwise::{Depthwise, load_plane};
use super::fold::Source;
use super::map::{Border, Map};
use super::profile::Kind;
use super::run::Run;
use super::schedule::{Between, Schedule};
use super::squeeze_excite::{SqueezeExcite, scale};

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct Layered {
    layers: Vec<Layer>,
    shortcut: bool,
}

#[derive(Debug)]
enum Layer {
    Conv(Conv),
    Depthwise(Depthwise),
    SqueezeExcite(SqueezeExcite),
}

impl Layered {
    pub(super) fn new(
        source: &dyn Source,
        layers: &[(String, LayerKind)],
        shortcut: bool,
        with: &Conventions,
    ) -> Result<Self> {
        let layers = layers.iter().map(|(name, kind)| Layer::new(source, name, kind, with)).collect::<Result<_>>()?;
        Ok(Self { layers, shortcut })
    }

    /// The output of the layer number `at`, of this size, with the border that the next layer wants.
    fn map_behind(&self, at: usize, size: (usize, usize)) -> Map {
        let border = self.layers.get(at + 1).map_or(Border::default(), |next| next.border(size));
        Map { size, channels: self.layers[at].out_channels(), border }
    }

    /// Floats of the largest map between two layers, for an image of this size.
    fn widest(&self, mut size: (usize, usize)) -> usize {
        let maps = (1..self.layers.len()).map(|next| {
            size = self.layers[next - 1].output(size);
            self.map_behind(next - 1, size).image()
        });
        maps.max().unwrap_or(0)
    }
}

impl Schedule for Layered {
    fn out_channels(&self) -> usize {
        self.layers.last().map_or(0, Layer::out_channels)
    }

    fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.layers.iter().fold(size, |size, layer| layer.output(size))
    }

    fn border(&self, size: (usize, usize)) -> Border {
        self.layers.first().map_or(Border::default(), |layer| layer.border(size))
    }

    /// The two maps that layers read and write in turn.
    fn between(&self, size: (usize, usize)) -> [usize; 3] {
        [2 * self.widest(size), 0, 0]
    }

    fn scratch(&self, mut size: (usize, usize)) -> usize {
        let layers = self.layers.iter().map(|layer| {
            let scratch = layer.scratch(size);
            size = layer.output(size);
            scratch
        });
        layers.max().unwrap_or(0)
    }

    fn run(&self, run: &Run<'_>, x: Input<'_>, between: Between<'_>, out: &mut [f32], map: Map) {
        let (mut from, mut to) = between.wide.split_at_mut(run.batch * self.widest(x.map.size));
        let mut input_map = x.map;
        for (at, layer) in self.layers.iter().enumerate() {
            let input = if at == 0 { x } else { Input { data: from, map: input_map, narrow: &[] } };
            if at + 1 == self.layers.len() {
                return layer.run(run, input, out, map, self.shortcut.then_some(x));
            }
            let behind = self.map_behind(at, layer.output(input_map.size));
            run.timed(Kind::Border, 0, || behind.clear_border(run.batch, to));
            layer.run(run, input, to, behind, None);
            input_map = behind;
            std::mem::swap(&mut from, &mut to);
        }
    }
}

impl Layer {
    fn new(source: &dyn Source, name: &str, kind: &LayerKind, with: &Conventions) -> Result<Self> {
        Ok(match kind {
            LayerKind::Conv(conv) => match conv.kind {
                ConvKind::Dense => Self::Conv(Conv::new(source, (name, conv), Precision::F32, with)?),
                ConvKind::Depthwise => Self::Depthwise(Depthwise::new(source, (name, conv), with)?),
            },
            LayerKind::SqueezeExcite(gate) => {
                Self::SqueezeExcite(SqueezeExcite::new(source, (name, gate), gate.channels)?)
            }
            LayerKind::Pooled(_) => {
                let message = format!("`{name}` stands behind the mean over pixels, not in a block");
                return Err(candle_core::Error::msg(message).into());
            }
        })
    }

    fn out_channels(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.weights.out_channels(),
            Self::Depthwise(conv) => conv.channels,
            Self::SqueezeExcite(gate) => gate.channels,
        }
    }

    fn output(&self, size: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Conv(conv) => conv.window.output(size),
            Self::Depthwise(conv) => conv.window.output(size),
            Self::SqueezeExcite(_) => size,
        }
    }

    /// Zeros that it wants around its input. A depthwise convolution keeps them in its planes.
    fn border(&self, size: (usize, usize)) -> Border {
        match self {
            Self::Conv(conv) => conv.border(size),
            Self::Depthwise(_) | Self::SqueezeExcite(_) => Border::default(),
        }
    }

    fn scratch(&self, size: (usize, usize)) -> usize {
        match self {
            Self::Conv(conv) => conv.weights.scratch(conv.window.output(size)),
            Self::Depthwise(conv) => {
                let (height, width) = conv.window.output(size);
                conv.plane(size).image() + (height * width + 1) * CHANNELS
            }
            Self::SqueezeExcite(gate) => gate.scratch(),
        }
    }

    /// `residual` is the block's shortcut, whose last layer is a convolution.
    fn run(&self, run: &Run<'_>, x: Input<'_>, out: &mut [f32], map: Map, residual: Option<Input<'_>>) {
        match self {
            Self::Conv(conv) => conv.run(run, x, out, map, residual),
            Self::Depthwise(conv) => filter(conv, run, x, out, map, residual),
            Self::SqueezeExcite(gate) => excite(gate, run, x, out, map),
        }
    }
}

/// Each task filters a plane of an image in scratch memory, and writes its pixels to the map.
fn filter(conv: &Depthwise, run: &Run<'_>, x: Input<'_>, out: &mut [f32], map: Map, residual: Option<Input<'_>>) {
    let (planes, plane_map) = (conv.planes(), conv.plane(x.map.size));
    let (height, width) = map.size;
    let macs = run.batch * height * width * conv.macs();
    let out = Shared::new(out);
    run.for_each(Kind::Depthwise, macs, run.batch * planes, |task, scratch| {
        let (plane, image) = (task / run.batch, task % run.batch);
        let (bordered, scratch) = scratch.split_at_mut(plane_map.image());
        let (filtered, scratch) = scratch.split_at_mut(height * width * CHANNELS);
        plane_map.clear_border(1, bordered);
        load_plane(x, image, plane, bordered, plane_map);
        conv.run((run.level, Precision::F32), plane, (bordered, plane_map), filtered, &mut scratch[..CHANNELS]);
        let first = plane * CHANNELS;
        let count = CHANNELS.min(map.channels - first);
        for (at, values) in filtered.chunks_exact(CHANNELS).enumerate() {
            let (y, x) = (at / width, at % width);
            // SAFETY: each task has an image and channels of its own.
            let pixel = unsafe { out.part(map.pixels(image, y, x).start + first, count) };
            pixel.copy_from_slice(&values[..count]);
            if let Some(Input { data, map, .. }) = residual {
                let shortcut = &data[map.pixels(image, y, x).start + first..];
                pixel.iter_mut().zip(shortcut).for_each(|(value, shortcut)| *value += shortcut);
            }
        }
    });
}

/// Each task multiplies an image's pixels by their gates.
fn excite(gate: &SqueezeExcite, run: &Run<'_>, x: Input<'_>, out: &mut [f32], map: Map) {
    let (height, width) = map.size;
    let (out, line) = (Shared::new(out), width * map.channels);
    run.for_each(Kind::SqueezeExcite, gate.macs() * run.batch, run.batch, |image, scratch| {
        let pixels = &x.data[image * x.map.image()..][..x.map.image()];
        let gates = gate.gates_of(run.level, pixels, height * width, scratch);
        for y in 0..height {
            // SAFETY: each task has an image of its own.
            let to = unsafe { out.part(map.pixels(image, y, 0).start, line) };
            to.copy_from_slice(&x.data[x.map.pixels(image, y, 0).start..][..line]);
            scale(run.level, to, gates);
        }
    });
}
