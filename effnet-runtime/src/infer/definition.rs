//! A network by its definition, in any number format: what an engine's precision is measured against.

use candle_core::{Result, Tensor};
use effnet_spec::{Block, Operator};

use crate::ops::check::Float;
use crate::{Network, threads};

/// A feature map `[H, W, C]` of one image.
struct Map<F> {
    size: (usize, usize),
    channels: usize,
    values: Vec<F>,
}

/// A convolution that pads by half its kernel.
struct Shape {
    outputs: usize,
    kernel: usize,
    stride: usize,
    depthwise: bool,
}

/// A network's arithmetic in `F`, image by image, with nothing folded, fused or reordered.
pub(super) struct Definition<'a> {
    pub network: &'a dyn Network,
    /// Whether running statistics become those of the images, as the network meets them.
    pub calibrate: bool,
}

impl Definition<'_> {
    fn read<F: Float>(&self, name: &str) -> Result<Vec<F>> {
        let var = self.network.params().get(name).unwrap_or_else(|| panic!("no parameter `{name}`"));
        Ok(var.flatten_all()?.to_vec1::<f32>()?.into_iter().map(|value| F::of(value.into())).collect())
    }

    /// Logits of images `[N, C, H, W]`, one image after the other.
    pub(super) fn logits<F: Float + Send + Sync>(&self, images: &Tensor) -> Result<Vec<F>> {
        let spec = self.network.spec();
        let (batch, channels, height, width) = images.dims4()?;
        let pixels = images.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1::<f32>()?;
        let pixels: Vec<F> = pixels.into_iter().map(|value| F::of(value.into())).collect();
        let mut maps: Vec<_> = pixels
            .chunks_exact(pixels.len() / batch)
            .map(|values| Map { size: (height, width), channels, values: values.to_vec() })
            .collect();
        let stem = spec.stem_conv();
        self.conv_norm(&mut maps, "stem", &Shape::dense(stem.out_channels, stem.kernel, stem.stride), true)?;
        for block in spec.blocks() {
            self.block(&mut maps, &block)?;
        }
        self.conv_norm(&mut maps, "head.project_conv", &Shape::dense(spec.settings.num_features, 1, 1), true)?;
        let (weight, bias) = (self.read("head.classifier.weight")?, self.read("head.classifier.bias")?);
        Ok(maps.iter().flat_map(|map| linear(&mean(map), &weight, &bias)).collect())
    }

    fn block<F: Float + Send + Sync>(&self, maps: &mut [Map<F>], block: &Block) -> Result<()> {
        let Block { kernel, stride, expanded, out_channels, squeezed, .. } = *block;
        let name = |part: &str| format!("blocks.{}.{part}", block.index);
        let shortcut: Option<Vec<Vec<F>>> =
            block.has_shortcut().then(|| maps.iter().map(|map| map.values.clone()).collect());
        let fused = block.operator == Operator::Fused;
        match (fused, block.expansion != 1) {
            (true, true) => {
                self.conv_norm(maps, &name("expand_conv"), &Shape::dense(expanded, kernel, stride), true)?;
            }
            (false, true) => self.conv_norm(maps, &name("expand_conv"), &Shape::dense(expanded, 1, 1), true)?,
            _ => {}
        }
        if !fused {
            let shape = Shape { outputs: expanded, kernel, stride, depthwise: true };
            self.conv_norm(maps, &name("dwconv"), &shape, true)?;
        }
        if squeezed > 0 {
            self.squeeze_excite(maps, &name("se"))?;
        }
        let is_only = fused && block.expansion == 1;
        let shape = if is_only { Shape::dense(out_channels, kernel, stride) } else { Shape::dense(out_channels, 1, 1) };
        self.conv_norm(maps, &name("project_conv"), &shape, is_only)?;
        for (map, shortcut) in maps.iter_mut().zip(shortcut.into_iter().flatten()) {
            map.values.iter_mut().zip(shortcut).for_each(|(value, before)| *value += before);
        }
        Ok(())
    }

    fn conv_norm<F: Float + Send + Sync>(
        &self,
        maps: &mut [Map<F>],
        name: &str,
        shape: &Shape,
        activate: bool,
    ) -> Result<()> {
        let weight: Vec<F> = self.read(&format!("{name}.conv.weight"))?;
        threads::current().for_each_chunk(maps, 1, |_, map| map[0] = shape.run(&map[0], &weight));
        let part = |part: &str| format!("{name}.bn.{part}");
        if self.calibrate {
            let (mean, variance) = moments(maps, shape.outputs);
            for (name, values) in [("running_mean", mean), ("running_var", variance)] {
                let var = self.network.params().get(&part(name)).expect("a running statistic");
                var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
            }
        }
        let [gamma, beta, mean, variance]: [Vec<F>; 4] = [
            self.read(&part("weight"))?,
            self.read(&part("bias"))?,
            self.read(&part("running_mean"))?,
            self.read(&part("running_var"))?,
        ];
        let eps = F::of(self.network.dialect().bn_eps);
        for pixel in maps.iter_mut().flat_map(|map| map.values.chunks_exact_mut(shape.outputs)) {
            for (c, value) in pixel.iter_mut().enumerate() {
                *value = (*value - mean[c]) / (variance[c] + eps).sqrt() * gamma[c] + beta[c];
                if activate {
                    *value = *value * sigmoid(*value);
                }
            }
        }
        Ok(())
    }

    fn squeeze_excite<F: Float>(&self, maps: &mut [Map<F>], name: &str) -> Result<()> {
        let read = |part: &str| self.read::<F>(&format!("{name}.{part}"));
        let (reduce, reduce_bias) = (read("conv_reduce.weight")?, read("conv_reduce.bias")?);
        let (expand, expand_bias) = (read("conv_expand.weight")?, read("conv_expand.bias")?);
        for map in maps {
            let mut squeezed = linear(&mean(map), &reduce, &reduce_bias);
            squeezed.iter_mut().for_each(|value| *value = *value * sigmoid(*value));
            let gates = linear(&squeezed, &expand, &expand_bias);
            for pixel in map.values.chunks_exact_mut(map.channels) {
                pixel.iter_mut().zip(&gates).for_each(|(value, gate)| *value = *value * sigmoid(*gate));
            }
        }
        Ok(())
    }
}

impl Shape {
    fn dense(outputs: usize, kernel: usize, stride: usize) -> Self {
        Self { outputs, kernel, stride, depthwise: false }
    }

    fn run<F: Float>(&self, x: &Map<F>, weight: &[F]) -> Map<F> {
        let Self { outputs, kernel, stride, depthwise } = *self;
        let (taps, inputs) = (kernel * kernel, if depthwise { 1 } else { x.channels });
        // From `[o, i, tap]` to `[tap, i, o]`, so that the innermost loop goes over outputs.
        let mut by_tap = vec![F::of(0.0); weight.len()];
        for (at, value) in weight.iter().enumerate() {
            let (o, i, tap) = (at / (inputs * taps), at / taps % inputs, at % taps);
            by_tap[(tap * inputs + i) * outputs + o] = *value;
        }
        let size = (x.size.0.div_ceil(stride), x.size.1.div_ceil(stride));
        let mut values = vec![F::of(0.0); size.0 * size.1 * outputs];
        for (at, out) in values.chunks_exact_mut(outputs).enumerate() {
            for tap in 0..taps {
                let y = (at / size.1 * stride + tap / kernel).checked_sub(kernel / 2).filter(|y| *y < x.size.0);
                let column = (at % size.1 * stride + tap % kernel).checked_sub(kernel / 2).filter(|x_| *x_ < x.size.1);
                let Some((y, column)) = y.zip(column) else { continue };
                let pixel = &x.values[(y * x.size.1 + column) * x.channels..][..x.channels];
                if depthwise {
                    for ((sum, value), weight) in out.iter_mut().zip(pixel).zip(&by_tap[tap * outputs..]) {
                        *sum += *value * *weight;
                    }
                    continue;
                }
                for (i, value) in pixel.iter().enumerate() {
                    let weights = &by_tap[(tap * inputs + i) * outputs..][..outputs];
                    out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += *value * *weight);
                }
            }
        }
        Map { size, channels: outputs, values }
    }
}

fn sigmoid<F: Float>(x: F) -> F {
    F::of(1.0) / (F::of(1.0) + (-x).exp())
}

fn mean<F: Float>(map: &Map<F>) -> Vec<F> {
    let mut sums = vec![F::of(0.0); map.channels];
    for pixel in map.values.chunks_exact(map.channels) {
        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += *value);
    }
    let pixels = F::of((map.size.0 * map.size.1) as f64);
    sums.into_iter().map(|sum| sum / pixels).collect()
}

/// `weight · x + bias`, `weight` being `[outputs, inputs]`.
fn linear<F: Float>(x: &[F], weight: &[F], bias: &[F]) -> Vec<F> {
    let rows = weight.chunks_exact(x.len()).zip(bias);
    rows.map(|(row, bias)| {
        let mut sum = *bias;
        row.iter().zip(x).for_each(|(weight, x)| sum += *weight * *x);
        sum
    })
    .collect()
}

/// Mean and variance of each channel over all maps.
fn moments<F: Float>(maps: &[Map<F>], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let pixels = || maps.iter().flat_map(|map| map.values.chunks_exact(channels));
    let count = F::of(pixels().count() as f64);
    let mut mean = vec![F::of(0.0); channels];
    pixels().for_each(|pixel| mean.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += *value));
    mean.iter_mut().for_each(|sum| *sum = *sum / count);
    let mut variance = vec![F::of(0.0); channels];
    for pixel in pixels() {
        for ((sum, value), mean) in variance.iter_mut().zip(pixel).zip(&mean) {
            *sum += (*value - *mean) * (*value - *mean);
        }
    }
    let single = |values: Vec<F>, by: F| values.into_iter().map(|value| (value / by).into() as f32).collect();
    (single(mean, F::of(1.0)), single(variance, count))
}
