//! A stage table of your own becomes a typed model. Spoil a cell and run it again: the compiler points at the cell.
//!
//! cargo run -p effnet-examples --example 01_define_a_variant

use effnet_runtime::candle::{DType, Device, Module, Result, Tensor};
use effnet_runtime::{FeatureMap, Params, Pass, Precision, efficientnet_v2};

efficientnet_v2! {
    /// A network for small pictures that must stay below half a million parameters, or it does not compile.
    #[derive(Debug)]
    pub struct Small <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [1, 3, 1, 1, 16, 16, fused,  0],
        [2, 3, 2, 4, 16, 24, fused,  0],
        // google/automl's notation works too
        "r2_k3_s2_e4_i24_o48_se0.25",
    > { num_features: 256, eval_size: 64, budget: { params: 500k, macs: 30M, at: 64 } }
}

fn main() -> Result<()> {
    println!("{} parameters for 1,000 classes, {} for 10", Small::PARAMS, Small::params(10));
    println!("drop-path rates of its blocks: {:?}", Small::DROP_PATH);

    // Weights are drawn from a seed and each weight's name: the same seed gives the same network.
    let model = Small::new(10, Params::new(42).builder())?;
    let images = Tensor::zeros((2, 3, 64, 64), DType::F32, &Device::Cpu)?;
    println!("logits: {:?}", model.eval().forward(&images)?.shape());

    // The channel count is part of a feature map's type: another number here is a compile error.
    let last: FeatureMap<48> = model.features(&images, &Pass::Eval(Precision::F32))?.stage_3;
    println!("last stage: {} channels at {:?} pixels", 48, last.size());
    Ok(())
}
