//! How far an engine is from the network's definition in f64.
//!
//! A network with random weights makes any error larger: of S, an error of 1e-7 in each layer becomes some 6e-6 of the
//! logits, whose own size is 0.4.

use candle_core::{Device, Result, Tensor};
use effnet_spec::grammar;

use super::definition::Definition;
use super::{Engine, Options};
use crate::random::{Purpose, Stream};
use crate::simd::{Level, with_level};
use crate::{DynamicModel, Network, Params, Precision};

/// EfficientNetV2-S.
const S: &str = "<
    [ 2, 3, 1, 1,  24,  24, fused,  0],
    [ 4, 3, 2, 4,  24,  48, fused,  0],
    [ 4, 3, 2, 4,  48,  64, fused,  0],
    [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
    [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
    [15, 3, 2, 6, 160, 256, mbconv, 0.25],
> { num_features: 1280 }";

fn normal(seed: u64, length: usize) -> Vec<f32> {
    let stream = Stream::new(seed, Purpose::Bench, 0, 0, 0);
    (0..length as u64).map(|element| stream.normal(element) as f32).collect()
}

/// How far any of the logits may be in f32.
const F32: f64 = 1e-3;

/// In bf16: the root of the mean square of all differences, and the largest of them. PyTorch's autocast of the same network
/// with weights of the same distribution has 0.041 and 0.23.
const BF16: f64 = 3e-2;
const BF16_LARGEST: f64 = 0.2;

/// Weights as `tests/tests/parity/golden.py` scales them, and running statistics of these images.
fn network(images: &Tensor) -> Result<DynamicModel> {
    let spec = grammar::parse_table("S", S).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let network = DynamicModel::from_spec(&spec, 1000, Params::new(3).builder())?;
    for (at, (name, var)) in network.params().all().into_iter().enumerate() {
        if name.contains(".running_") {
            continue;
        }
        let fan_in: usize = var.dims()[1..].iter().product();
        let (mean, spread) = match var.rank() {
            1 if name.ends_with("bn.weight") => (1.0, 0.14),
            1 => (0.0, 0.1),
            _ => (0.0, (2.0 / fan_in as f32).sqrt()),
        };
        let values = normal(at as u64, var.elem_count()).into_iter().map(|value| mean + spread * value).collect();
        var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
    }
    Definition { network: &network, calibrate: true }.logits::<f64>(images)?;
    Ok(network)
}

#[test]
fn logits_of_s_are_those_of_f64() -> Result<()> {
    let images = Tensor::from_vec(normal(99, 8 * 3 * 128 * 128), (8, 3, 128, 128), &Device::Cpu)?;
    let network = network(&images)?;
    let expected = Definition { network: &network, calibrate: false }.logits::<f64>(&images)?;
    for level in Level::available() {
        for precision in [Precision::F32, Precision::Bf16] {
            let options = Options::default().with_precision(precision);
            let engine = with_level(level, || Engine::new(&network, &options))?;
            let logits = engine.forward(&images)?.flatten_all()?.to_vec1::<f32>()?;
            let errors: Vec<f64> =
                logits.iter().zip(&expected).map(|(found, expected)| (f64::from(*found) - expected).abs()).collect();
            let largest = errors.iter().copied().fold(0.0, f64::max);
            let rms = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
            let what = format!("{}, {precision:?}: {rms:.1e} rms, {largest:.1e} at most", level.name());
            println!("{what}");
            match precision {
                Precision::F32 => assert!(largest <= F32, "{what}"),
                Precision::Bf16 => assert!(rms <= BF16 && largest <= BF16_LARGEST, "{what}"),
            }
        }
    }
    Ok(())
}
