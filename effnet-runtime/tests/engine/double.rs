//! A network's evaluation in f64, as plainly as can be: convolution after convolution, nothing fused.

use effnet_runtime::spec::{Activation, Block, Gate, HeadKind, Operator, Padding};
use effnet_runtime::{Network, Precision};

/// A map `[height, width, channels]` of one image.
#[derive(Clone)]
struct Map {
    size: (usize, usize),
    channels: usize,
    data: Vec<f64>,
}

impl Map {
    /// The mean of each channel.
    fn mean(&self) -> Vec<f64> {
        let pixels = (self.size.0 * self.size.1) as f64;
        let sum = |channel| self.data.iter().skip(channel).step_by(self.channels).sum::<f64>();
        (0..self.channels).map(|channel| sum(channel) / pixels).collect()
    }
}

struct Reference<'a> {
    network: &'a dyn Network,
    padding: Padding,
    eps: f64,
    precision: Precision,
}

fn bf16(x: f64) -> f64 {
    half::bf16::from_f64(x).to_f64()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn hard_sigmoid(x: f64) -> f64 {
    (x + 3.0).clamp(0.0, 6.0) / 6.0
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Silu => x * sigmoid(x),
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::HardSwish => x * hard_sigmoid(x),
    }
}

/// Sums of each row of a matrix, multiplied by `x`, and the row's bias.
fn product(rows: &[f64], bias: &[f64], x: &[f64]) -> Vec<f64> {
    let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    rows.chunks_exact(x.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect()
}

impl Reference<'_> {
    fn read(&self, name: &str) -> Vec<f64> {
        let values: Vec<f32> = self.network.params().get(name).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    /// Convolution, batch normalisation and activation.
    fn conv(
        &self,
        x: &Map,
        name: &str,
        (kernel, stride): (usize, usize),
        depthwise: bool,
        activation: Option<Activation>,
    ) -> Map {
        let weight = self.read(&format!("{name}.conv.weight"));
        let [gamma, beta, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(|part| self.read(&format!("{name}.bn.{part}")));
        let channels = gamma.len();
        let scale: Vec<f64> = gamma.iter().zip(&variance).map(|(gamma, var)| gamma / (var + self.eps).sqrt()).collect();
        let inputs = if depthwise { 1 } else { x.channels };
        let (height, width) = (x.size.0.div_ceil(stride), x.size.1.div_ceil(stride));
        let (top, left) =
            (self.padding.pads(x.size.0, kernel, stride).0, self.padding.pads(x.size.1, kernel, stride).0);
        // In bf16 the engine multiplies rounded numbers, but where Winograd's algorithm or a depthwise convolution sums.
        let rounds = self.precision == Precision::Bf16 && !depthwise && (kernel, stride) != (3, 1) && inputs % 2 == 0;
        let round = |value| if rounds { bf16(value) } else { value };
        let pixels: Vec<f64> = x.data.iter().map(|value| round(*value)).collect();
        // [tap, in, out]: the innermost loop is over outputs, so that the compiler can make vectors of it.
        let mut taps = vec![0.0; weight.len()];
        for o in 0..channels {
            for i in 0..inputs {
                for tap in 0..kernel * kernel {
                    let value = weight[(o * inputs + i) * kernel * kernel + tap];
                    taps[(tap * inputs + i) * channels + o] = round(value * scale[o]);
                }
            }
        }
        let mut data = vec![0.0; height * width * channels];
        for (at, out) in data.chunks_exact_mut(channels).enumerate() {
            for tap in 0..kernel * kernel {
                let (y, x_at) = (at / width * stride + tap / kernel, at % width * stride + tap % kernel);
                let (Some(y), Some(x_at)) = (y.checked_sub(top), x_at.checked_sub(left)) else { continue };
                if y >= x.size.0 || x_at >= x.size.1 {
                    continue;
                }
                let pixel = &pixels[(y * x.size.1 + x_at) * x.channels..][..x.channels];
                let taps = &taps[tap * inputs * channels..][..inputs * channels];
                if depthwise {
                    out.iter_mut().zip(pixel).zip(taps).for_each(|((out, x), w)| *out += x * w);
                } else {
                    for (x, row) in pixel.iter().zip(taps.chunks_exact(channels)) {
                        out.iter_mut().zip(row).for_each(|(out, w)| *out += x * w);
                    }
                }
            }
            for (c, out) in out.iter_mut().enumerate() {
                let normed = *out + beta[c] - mean[c] * scale[c];
                *out = activation.map_or(normed, |activation| activate(activation, normed));
            }
        }
        Map { size: (height, width), channels, data }
    }

    fn squeeze_excite(&self, mut x: Map, name: &str, activation: Activation, gate: Gate) -> Map {
        let part = |part: &str| self.read(&format!("{name}.{part}"));
        let (reduce, reduce_bias) = (part("conv_reduce.weight"), part("conv_reduce.bias"));
        let (expand, expand_bias) = (part("conv_expand.weight"), part("conv_expand.bias"));
        let squeezed = product(&reduce, &reduce_bias, &x.mean());
        let squeezed: Vec<f64> = squeezed.into_iter().map(|x| activate(activation, x)).collect();
        let function = match gate {
            Gate::Sigmoid => sigmoid,
            Gate::HardSigmoid => hard_sigmoid,
        };
        let gate: Vec<f64> = product(&expand, &expand_bias, &squeezed).into_iter().map(function).collect();
        for pixel in x.data.chunks_exact_mut(x.channels) {
            pixel.iter_mut().zip(&gate).for_each(|(x, gate)| *x *= gate);
        }
        x
    }

    fn block(&self, x: Map, block: &Block) -> Map {
        let name = format!("blocks.{}", block.index);
        let window = (block.kernel, block.stride);
        let shortcut = block.has_shortcut().then(|| x.clone());
        let excite = |x: Map| match block.squeezed {
            0 => x,
            _ => self.squeeze_excite(x, &format!("{name}.se"), block.se_activation, block.gate),
        };
        let part = |part: &str| format!("{name}.{part}");
        let activation = Some(block.activation);
        let projected = activation.filter(|_| block.project_activation);
        let mut y = match (block.operator, block.expands) {
            (Operator::Fused, false) => self.conv(&excite(x), &part("project_conv"), window, false, activation),
            (Operator::Fused, true) => {
                let y = excite(self.conv(&x, &part("expand_conv"), window, false, activation));
                self.conv(&y, &part("project_conv"), (1, 1), false, projected)
            }
            (Operator::MbConv, expands) => {
                let y = if expands { self.conv(&x, &part("expand_conv"), (1, 1), false, activation) } else { x };
                let y = excite(self.conv(&y, &part("dwconv"), window, true, activation));
                self.conv(&y, &part("project_conv"), (1, 1), false, projected)
            }
            (Operator::Plain, _) => self.conv(&x, &part("conv"), window, false, activation),
            (operator, _) => panic!("there is no reference for {operator} blocks"),
        };
        if let Some(shortcut) = shortcut {
            y.data.iter_mut().zip(&shortcut.data).for_each(|(y, x)| *y += x);
        }
        y
    }

    fn image(&self, pixels: &[f32], size: usize) -> Vec<f64> {
        let spec = self.network.spec();
        let channels = spec.settings.in_channels;
        let area = size * size;
        let data = (0..area * channels).map(|at| f64::from(pixels[at % channels * area + at / channels])).collect();
        let activation = Some(spec.settings.activation);
        let image = Map { size: (size, size), channels, data };
        let mut x = self.conv(&image, "stem", (spec.settings.stem_kernel, 2), false, activation);
        for block in spec.blocks() {
            x = self.block(x, &block);
        }
        if spec.settings.head == HeadKind::Conv {
            x = self.conv(&x, "head.project_conv", (1, 1), false, activation);
        }
        let mut features = x.mean();
        if spec.settings.head == HeadKind::Pooled {
            let weight = self.read("head.project_conv.conv.weight");
            let none = vec![0.0; spec.settings.num_features];
            let bias = if spec.settings.head_bias { self.read("head.project_conv.conv.bias") } else { none };
            let product = product(&weight, &bias, &features);
            features = product.into_iter().map(|x| activate(spec.settings.activation, x)).collect();
        }
        if self.network.num_classes() == 0 {
            return features;
        }
        product(&self.read("head.classifier.weight"), &self.read("head.classifier.bias"), &features)
    }
}

/// Logits of square images `[batch, channels, size, size]`; without classes, embeddings. In bf16 all is f64, but that the
/// engine's products multiply rounded numbers.
pub(crate) fn logits(
    network: &dyn Network,
    images: &[f32],
    (batch, size): (usize, usize),
    precision: Precision,
) -> Vec<f64> {
    let dialect = network.dialect();
    let reference = Reference { network, padding: dialect.padding, eps: dialect.bn_eps, precision };
    let images: Vec<&[f32]> = images.chunks_exact(images.len() / batch).collect();
    std::thread::scope(|scope| {
        let reference = &reference;
        let threads: Vec<_> = images.iter().map(|image| scope.spawn(move || reference.image(image, size))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}
