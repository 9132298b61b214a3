//! Ten lines from a weights file to a prediction. The file says which network it is for, and how it wants its images.
//! (The files below are a network that example 02 trained in a minute, and one of the pictures it had not seen.)
//!
//! cargo run -p effnet-examples --example 03_classify_an_image -- examples/assets/digits.safetensors examples/assets/seven.png

use anyhow::{Context, Result};
use effnet_runtime::candle::{D, IndexOp};
use effnet_runtime::candle_nn::ops::softmax;
use effnet_runtime::data::{EvalTransform, decode};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::WeightsFile;

fn main() -> Result<()> {
    let usage = "say which weights file and which image";
    let (weights, path) = (std::env::args().nth(1).context(usage)?, std::env::args().nth(2).context(usage)?);

    let file = WeightsFile::open(weights)?;
    let about = file.require_metadata()?;
    let engine = Engine::open(&file, &about.spec, None, &Options::default())?;
    let transform = EvalTransform::of(&about.dialect, about.dialect.test_size, about.spec.settings.in_channels)?;
    let image = transform.tensor(&decode(&std::fs::read(&path)?, &path)?)?;
    let probabilities = softmax(&engine.forward(&image)?, D::Minus1)?.i(0)?;
    let class = probabilities.argmax(0)?.to_scalar::<u32>()?;
    let probability = probabilities.i(class as usize)?.to_scalar::<f32>()?;
    println!("{path}: {} with a probability of {probability:.3}", about.labels[class as usize]);
    Ok(())
}
