//! Every operation, forwards and on the way back, on shapes of EfficientNetV2-S. Convolutions are normalised by the batch, as in
//! training.
//!
//! `cargo bench -p effnet-runtime` measures; `cargo test` runs each once. The elements of a rate are the floating-point
//! operations of a direct convolution, or the floats of a map, so that a rate is GFLOP/s or billions of floats a second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use effnet_runtime::candle::{Device, Result, Tensor, Var};
use effnet_runtime::graph::{ConvNormAct, Kind, Layer, Norm, Sequence, SqueezeExcite, Window, chain};
use effnet_runtime::ops;
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::spec::{Activation, Gate, Padding};

/// Images of a map.
const BATCH: usize = 2;

/// Normally distributed values of a tenth's spread.
fn var(shape: &[usize]) -> Result<Var> {
    let stream = Stream::new(0, Purpose::Bench, 0, 0, shape.len() as u64);
    let values = (0..shape.iter().product::<usize>() as u64).map(|at| 0.1 * stream.normal(at) as f32).collect();
    Var::from_vec(values, shape, &Device::Cpu)
}

/// Times `f`, and `f` with the way back from the sum of its result.
fn both_ways(c: &mut Criterion, name: &str, elements: usize, f: impl Fn() -> Result<Tensor>) -> Result<()> {
    // An error shows here, once, and not in a loop that is timed.
    f()?.sum_all()?.backward()?;
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    group.throughput(Throughput::Elements(elements as u64));
    group.bench_function("forward", |b| b.iter(|| black_box(f())));
    group.throughput(Throughput::Elements(3 * elements as u64));
    group.bench_function("forward_backward", |b| {
        b.iter(|| f().and_then(|y| y.sum_all()).and_then(|sum| sum.backward()).map(black_box));
    });
    group.finish();
    Ok(())
}

/// A layer of a chain by itself.
fn alone(x: &Tensor, layer: &Layer) -> Result<Tensor> {
    Ok(chain(x, &[Sequence { layers: vec![layer.clone()], shortcut: None }])?.0)
}

/// A convolution, normalised by the batch, with a non-linearity or without.
fn conv(kind: Kind, weight: &[usize], stride: usize, activation: Option<Activation>) -> Result<Layer> {
    let [gamma, beta] = [(); 2].map(|()| var(&weight[..1]).map(Var::into_inner));
    let (gamma, beta, window) = (gamma?, beta?, Window { kernel: weight[2], stride, padding: Padding::Symmetric });
    let (weight, norm) = (var(weight)?.into_inner(), Norm::Batch);
    Ok(Layer::ConvNormAct(ConvNormAct { kind, window, weight, gamma, beta, eps: 1e-3, norm, activation }))
}

fn dense(c: &mut Criterion) -> Result<()> {
    for (name, size, inputs, outputs, kernel, stride) in [
        ("stem_3x3_s2", 150, 3, 24, 3, 2),
        ("conv_3x3_s2", 75, 48, 192, 3, 2),
        ("conv_3x3_winograd", 38, 64, 256, 3, 1),
        ("conv_5x5", 38, 24, 24, 5, 1),
        ("expand_1x1", 19, 160, 960, 1, 1),
        ("project_1x1", 19, 960, 160, 1, 1),
    ] {
        let x = var(&[BATCH, size, size, inputs])?;
        let layer = conv(Kind::Dense, &[outputs, inputs, kernel, kernel], stride, None)?;
        let out = size.div_ceil(stride);
        let operations = 2 * BATCH * out * out * outputs * inputs * kernel * kernel;
        both_ways(c, name, operations, || alone(&x, &layer))?;
    }
    Ok(())
}

fn depthwise(c: &mut Criterion) -> Result<()> {
    for (name, size, channels, kernel, stride) in [
        ("depthwise_3x3", 19, 960, 3, 1),
        ("depthwise_3x3_s2", 19, 960, 3, 2),
        ("depthwise_5x5", 14, 672, 5, 1),
        ("depthwise_5x5_s2", 28, 240, 5, 2),
    ] {
        let x = var(&[BATCH, size, size, channels])?;
        let layer = conv(Kind::Depthwise, &[channels, 1, kernel, kernel], stride, None)?;
        let out = size.div_ceil(stride);
        let operations = 2 * BATCH * out * out * channels * kernel * kernel;
        both_ways(c, name, operations, || alone(&x, &layer))?;
    }
    Ok(())
}

/// A 1×1 convolution of one channel is next to nothing, so this is the normalisation and its activation.
fn norm_act(c: &mut Criterion) -> Result<()> {
    let (size, channels) = (38, 256);
    for (name, activation) in
        [("norm", None), ("norm_silu", Some(Activation::Silu)), ("norm_hard_swish", Some(Activation::HardSwish))]
    {
        let x = var(&[BATCH, size, size, channels])?;
        let layer = conv(Kind::Depthwise, &[channels, 1, 1, 1], 1, activation)?;
        both_ways(c, name, BATCH * size * size * channels, || alone(&x, &layer))?;
    }
    Ok(())
}

fn squeeze_excite(c: &mut Criterion) -> Result<()> {
    let (size, channels, squeezed) = (19, 960, 40);
    let x = var(&[BATCH, size, size, channels])?;
    let layer = Layer::SqueezeExcite(SqueezeExcite {
        reduce_weight: var(&[squeezed, channels, 1, 1])?.into_inner(),
        reduce_bias: var(&[squeezed])?.into_inner(),
        expand_weight: var(&[channels, squeezed, 1, 1])?.into_inner(),
        expand_bias: var(&[channels])?.into_inner(),
        activation: Activation::Silu,
        gate: Gate::Sigmoid,
    });
    both_ways(c, "squeeze_excite", BATCH * size * size * channels, || alone(&x, &layer))
}

fn head(c: &mut Criterion) -> Result<()> {
    let (features, classes) = (1280, 1000);
    let map = var(&[BATCH, 10, 10, features])?;
    both_ways(c, "global_mean", map.elem_count(), || ops::global_mean(&map))?;
    let (x, weight, bias) = (var(&[8, features])?, var(&[classes, features])?, var(&[classes])?);
    both_ways(c, "linear", 2 * 8 * features * classes, || ops::linear(&x, &weight, &bias))?;
    let (logits, targets) = (var(&[8, classes])?, Tensor::full(1.0 / classes as f32, (8, classes), &Device::Cpu)?);
    both_ways(c, "cross_entropy", logits.elem_count(), || ops::cross_entropy::cross_entropy(&logits, &targets))
}

fn all(c: &mut Criterion) {
    for bench in [dense, depthwise, norm_act, squeeze_excite, head] {
        bench(c).expect("the operations take these shapes");
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
