//! A network's evaluation in f64, as plainly as can be: convolution after convolution, nothing fused.

use effnet_runtime::spec::{Activation, Block, Operator, Padding};
use effnet_runtime::{Network, Precision};

/// A map `[height, width, channels]` of one image.
#[derive(Clone)]
struct Map {
    size: (usize, usize),
    channels: usize,
    data: Vec<f64>,
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

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

impl Reference<'_> {
    fn read(&self, name: &str) -> Vec<f64> {
        let values: Vec<f32> = self.network.params().get(name).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    /// Convolution, batch normalisation and, if `activated`, SiLU.
    fn conv(&self, x: &Map, name: &str, (kernel, stride): (usize, usize), depthwise: bool, activated: bool) -> Map {
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
                *out = if activated { silu(normed) } else { normed };
            }
        }
        Map { size: (height, width), channels, data }
    }

    fn squeeze_excite(&self, mut x: Map, name: &str) -> Map {
        let part = |part: &str| self.read(&format!("{name}.{part}"));
        let (reduce, reduce_bias) = (part("conv_reduce.weight"), part("conv_reduce.bias"));
        let (expand, expand_bias) = (part("conv_expand.weight"), part("conv_expand.bias"));
        let (channels, pixels) = (x.channels, (x.size.0 * x.size.1) as f64);
        let mean: Vec<f64> =
            (0..channels).map(|c| x.data.iter().skip(c).step_by(channels).sum::<f64>() / pixels).collect();
        let dot = |row: &[f64], x: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        let squeezed: Vec<f64> =
            reduce.chunks_exact(channels).zip(&reduce_bias).map(|(row, bias)| silu(dot(row, &mean) + bias)).collect();
        let gate: Vec<f64> = expand
            .chunks_exact(squeezed.len())
            .zip(&expand_bias)
            .map(|(row, bias)| 1.0 / (1.0 + (-dot(row, &squeezed) - bias).exp()))
            .collect();
        for pixel in x.data.chunks_exact_mut(channels) {
            pixel.iter_mut().zip(&gate).for_each(|(x, gate)| *x *= gate);
        }
        x
    }

    fn block(&self, x: Map, block: &Block) -> Map {
        let name = format!("blocks.{}", block.index);
        let window = (block.kernel, block.stride);
        let shortcut = block.has_shortcut().then(|| x.clone());
        let excite = |x: Map| if block.squeezed > 0 { self.squeeze_excite(x, &format!("{name}.se")) } else { x };
        let part = |part: &str| format!("{name}.{part}");
        let mut y = match (block.operator, block.expansion) {
            (Operator::Fused, 1) => self.conv(&excite(x), &part("project_conv"), window, false, true),
            (Operator::Fused, _) => {
                let y = excite(self.conv(&x, &part("expand_conv"), window, false, true));
                self.conv(&y, &part("project_conv"), (1, 1), false, false)
            }
            (Operator::MbConv, expansion) => {
                let y = if expansion == 1 { x } else { self.conv(&x, &part("expand_conv"), (1, 1), false, true) };
                let y = excite(self.conv(&y, &part("dwconv"), window, true, true));
                self.conv(&y, &part("project_conv"), (1, 1), false, false)
            }
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
        let mut x = self.conv(&Map { size: (size, size), channels, data }, "stem", (3, 2), false, true);
        for block in spec.blocks() {
            x = self.block(x, &block);
        }
        let x = self.conv(&x, "head.project_conv", (1, 1), false, true);
        let area = (x.size.0 * x.size.1) as f64;
        let mean: Vec<f64> =
            (0..x.channels).map(|c| x.data.iter().skip(c).step_by(x.channels).sum::<f64>() / area).collect();
        let (weight, bias) = (self.read("head.classifier.weight"), self.read("head.classifier.bias"));
        let logit = |(row, bias): (&[f64], &f64)| row.iter().zip(&mean).map(|(w, x)| w * x).sum::<f64>() + bias;
        weight.chunks_exact(x.channels).zip(&bias).map(logit).collect()
    }
}

/// Logits of square images `[batch, channels, size, size]`, of a network whose activation is SiLU. In bf16 all is f64, but
/// that the engine's products multiply rounded numbers.
pub(crate) fn logits(
    network: &dyn Network,
    images: &[f32],
    (batch, size): (usize, usize),
    precision: Precision,
) -> Vec<f64> {
    assert_eq!(network.spec().settings.activation, Activation::Silu);
    let dialect = network.dialect();
    let reference = Reference { network, padding: dialect.padding, eps: dialect.bn_eps, precision };
    let images: Vec<&[f32]> = images.chunks_exact(images.len() / batch).collect();
    std::thread::scope(|scope| {
        let reference = &reference;
        let threads: Vec<_> = images.iter().map(|image| scope.spawn(move || reference.image(image, size))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}
