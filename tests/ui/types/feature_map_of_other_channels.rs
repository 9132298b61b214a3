// Not a mistake in a table: the type of a feature map says how many channels it has.
use effnet_runtime::candle::{Result, Tensor};
use effnet_runtime::{FeatureMap, Pass, efficientnet_v2};

efficientnet_v2! {
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [4, 3, 2, 4, 24, 48, fused, 0],
    >;
}

fn last_stage(model: &Model, images: &Tensor, pass: &Pass<'_>) -> Result<FeatureMap<24>> {
    Ok(model.features(images, pass)?.stage_2)
}

fn main() {
    let _ = last_stage;
}
