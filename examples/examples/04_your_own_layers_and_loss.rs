//! A model is an ordinary part of a candle graph: layers before and after it, a loss of your own, candle's optimizer.
//!
//! cargo run -p effnet-examples --example 04_your_own_layers_and_loss

use effnet_runtime::candle::{Device, Module, ModuleT, Result, Tensor};
use effnet_runtime::candle_nn::{self as nn, Optimizer, VarBuilder};
use effnet_runtime::{Params, efficientnet_v2};

efficientnet_v2! {
    /// The body: its "classes" are the 16 numbers that stand for an image.
    pub struct Body <
        [1, 3, 2, 1, 8,  8, fused,  0],
        [1, 3, 2, 4, 8, 16, mbconv, 0.25],
    > { num_features: 64, dropout: 0, drop_path: 0 }
}

/// Two channels in, such as a camera's and a depth sensor's; one number out.
struct Regressor {
    mix: nn::Conv2d,
    body: Body,
    last: nn::Linear,
}

impl Regressor {
    fn new(vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            mix: nn::conv2d(2, 3, 1, nn::Conv2dConfig::default(), vb.pp("mix"))?,
            body: Body::new(16, vb.pp("body"))?,
            last: nn::linear(16, 1, vb.pp("last"))?,
        })
    }

    fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        let embedding = self.body.forward_t(&self.mix.forward(images)?, train)?;
        self.last.forward(&embedding.silu()?)?.squeeze(1)
    }
}

/// Like the squared error, but linear for outliers: `log(cosh(error))`, written so that it cannot overflow.
fn log_cosh(prediction: &Tensor, truth: &Tensor) -> Result<Tensor> {
    let error = (prediction - truth)?.abs()?;
    let bend = ((error.affine(-2.0, 0.0)?.exp()? + 1.0)?.log()? - std::f64::consts::LN_2)?;
    (error + bend)?.mean_all()
}

fn main() -> Result<()> {
    // One map holds the weights of candle's layers and the model's, so that one optimizer serves both.
    let params = Params::new(7);
    let net = Regressor::new(params.builder())?;
    let weights = params.weights().into_iter().map(|(_, var)| var).collect();
    let mut optimizer = nn::AdamW::new_lr(weights, 3e-3)?;

    // The task: how bright is the second channel?
    let images = Tensor::from_iter((0..16 * 2 * 32 * 32).map(|i| ((i / 1024 * 37) % 32) as f32 / 32.0), &Device::Cpu)?
        .reshape((16, 2, 32, 32))?;
    let truth = images.narrow(1, 1, 1)?.mean((1, 2, 3))?;

    let mut losses = Vec::new();
    for step in 0..60 {
        let loss = log_cosh(&net.forward(&images, true)?, &truth)?;
        let gradients = loss.backward()?;
        if step == 0 {
            let reached = params.weights().iter().filter(|(_, var)| gradients.get(var).is_some()).count();
            println!("gradients reach {reached} of {} weights", params.weights().len());
            assert_eq!(reached, params.weights().len());
        }
        optimizer.step(&gradients)?;
        losses.push(loss.to_scalar::<f32>()?);
    }
    println!("loss: {:.5} at first, {:.5} after {} steps", losses[0], losses[losses.len() - 1], losses.len());
    assert!(losses[losses.len() - 1] < losses[0] / 2.0, "it should have learned");
    Ok(())
}
