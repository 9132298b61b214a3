//! What `efficientnet_v2!` accepts, and what it makes of it.

use effnet_runtime::candle::{Device, Module, ModuleT, Result, Tensor};
use effnet_runtime::{DynamicModel, Network, Params, Pass, Precision};

mod forms;
mod hygiene;
mod settings;
mod value;
mod words;

effnet_runtime::efficientnet_v2! {
    /// Two fused stages and one of MBConv, for small images.
    #[derive(Debug)]
    pub struct Small <
        // repeats, kernel, stride, expansion, in, out, operator, se_ratio
        [1, 3, 1, 1,  8,  8, fused, 0],
        [2, 3, 2, 4,  8, 16, fused, 0.25],
        [3, 5, 2, 6, 16, 24, mbconv, 0.25],
    > { num_features: 32, drop_path: 0.3, eval_size: 24 }
}

const EVAL: Pass<'static> = Pass::Eval(Precision::F32);

fn images() -> Result<Tensor> {
    let pixels: Vec<f32> = (0..2 * 3 * 24 * 20).map(|index| ((index * 37) % 255) as f32 / 255.0 - 0.5).collect();
    Tensor::from_vec(pixels, (2, 3, 24, 20), &Device::Cpu)
}

fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
}

#[test]
fn constants_are_those_of_the_spec() -> Result<()> {
    const PARAMS: usize = Small::params(7);
    static SPEC: effnet_runtime::spec::Spec = Small::SPEC;
    assert_eq!(PARAMS as u64, SPEC.params(7));
    assert_eq!(Small::PARAMS as u64, SPEC.params(1_000));
    assert_eq!(Small::DROP_PATH, [0, 1, 2, 3, 4, 5].map(|block| 0.3 * f64::from(block) / 6.0));
    assert_eq!(Network::params(&Small::new(7, Params::new(0).builder())?).trainable(), PARAMS);
    Ok(())
}

#[test]
fn the_model_has_the_bits_of_a_dynamic_one() -> Result<()> {
    let model = Small::new(7, Params::new(3).builder())?;
    let dynamic = DynamicModel::from_spec(&Small::SPEC, 7, Params::new(3).builder())?;
    let images = images()?;
    assert_eq!(bits(&model.run(&images, &EVAL)?)?, bits(&dynamic.run(&images, &EVAL)?)?);
    assert_eq!(bits(&model.forward_t(&images, true)?)?, bits(&dynamic.forward_t(&images, true)?)?);
    Ok(())
}

#[test]
fn features_are_typed_and_named_by_stage() -> Result<()> {
    let model = Small::new(7, Params::new(3).builder())?;
    let SmallFeatures { stem, stage_1, stage_2, stage_3 } = model.features(&images()?, &EVAL)?;
    let stage_3: effnet_runtime::FeatureMap<24> = stage_3;
    assert_eq!(stem.to_nchw()?.dims(), [2, 8, 12, 10]);
    let maps = model.stage_maps(&images()?, &EVAL)?;
    assert_eq!(maps.len(), 3);
    for (map, typed) in maps.iter().zip([stage_1.to_nchw()?, stage_2.to_nchw()?, stage_3.to_nchw()?]) {
        assert_eq!(bits(map)?, bits(&typed)?);
    }
    Ok(())
}

#[test]
fn a_model_is_a_network_and_a_candle_module() -> Result<()> {
    let model = Small::new(7, Params::new(3).builder())?;
    let network: &dyn Network = &model;
    assert_eq!((network.num_classes(), network.spec()), (7, &Small::SPEC));
    assert_eq!(network.params().trainable(), Small::params(7));
    assert_eq!(network.dialect().test_size, 24);
    let logits = bits(&network.run(&images()?, &EVAL)?)?;
    assert_eq!(bits(&model.eval().forward(&images()?)?)?, logits);
    assert_eq!(bits(&model.forward_t(&images()?, false)?)?, logits);
    Ok(())
}
