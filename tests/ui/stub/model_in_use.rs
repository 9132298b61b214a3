// All that is wrong is the table: code that uses the model must not be blamed for it.
use effnet_runtime::candle::{Module, ModuleT, Result, Tensor};
use effnet_runtime::spec::Spec;
use effnet_runtime::{FeatureMap, Network, Params, Pass, efficientnet_v2};

efficientnet_v2! {
    /// A model with a mistake.
    #[derive(Debug)]
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [4, 4, 2, 4, 24, 48, fused, 0],
    > { dropout: 0.1 }
}

const PARAMS: [usize; 2] = [Model::PARAMS, Model::params(10)];
const RATES: [f64; 6] = Model::DROP_PATH;
const SPEC: Spec = Model::SPEC;

fn use_it(images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
    let model = Model::new(10, Params::new(0).builder())?;
    let ModelFeatures { stem, stage_1, stage_2 } = model.features(images, pass)?;
    let _: (FeatureMap<24>, FeatureMap<24>, FeatureMap<48>) = (stem, stage_1, stage_2);
    let network: &dyn Network = &model;
    network.stage_maps(images, pass)?;
    model.eval().forward(images)?;
    model.forward_t(images, true)?;
    model.run(images, pass)
}

fn main() {
    let _ = (use_it, PARAMS, RATES, SPEC);
}
