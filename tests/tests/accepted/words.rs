//! Words of a table besides its eight cells, in a typed model.

use effnet_runtime::candle::{DType, Device, Module, Result, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::{self, Classifier, Metadata, WeightsFile};
use effnet_runtime::{DynamicModel, FeatureMap, Network, Params, efficientnet_v2};

use crate::{EVAL, bits, images};

efficientnet_v2! {
    /// Every option and setting.
    struct Words <
        [1, 3, 1, 1,  8,  8, fused, 0, { expand_conv: true, shortcut: false }],
        [2, 3, 2, _,  8, 16, fused, 0.25, { expanded: 24, project_activation: true }],
        [1, 5, 1, _, 16, 24, mbconv, _, { expanded: 40, squeezed: 6, activation: relu, same_stage: true }],
        [2, 3, 1, 1, 24, 24, mbconv, 0.25, { expand_conv: true }],
        [1, 3, 2, 1, 24, 32, conv, 0],
        [2, 1, 1, 1, 32, 32, conv, 0, { shortcut: true, activation: relu6, same_stage: true }],
    > {
        head: pooled, num_features: 40, head_bias: false, stem_kernel: 5, activation: hard_swish, se_gate: hard_sigmoid,
        se_activation: relu, se_of: expanded, eval_size: 24,
    }
}

efficientnet_v2! {
    /// A backbone: nothing behind the last stage.
    struct Body < [1, 3, 2, 1, 8, 8, fused, 0], [2, 3, 2, 4, 8, 16, mbconv, 0.25] > { head: none, eval_size: 24 }
}

#[test]
fn a_model_of_every_word_has_the_bits_of_a_dynamic_one() -> Result<()> {
    let model = Words::new(7, Params::new(3).builder())?;
    let dynamic = DynamicModel::from_spec(&Words::SPEC, 7, Params::new(3).builder())?;
    let images = images()?;
    assert_eq!(bits(&model.run(&images, &EVAL)?)?, bits(&dynamic.run(&images, &EVAL)?)?);
    assert_eq!(bits(&model.embeddings(&images, &EVAL)?)?, bits(&dynamic.embeddings(&images, &EVAL)?)?);
    assert_eq!(Network::params(&model).trainable(), Words::params(7));
    assert_eq!(Words::DROP_PATH.len(), 9);
    Ok(())
}

#[test]
fn a_stage_of_several_rows_has_one_map() -> Result<()> {
    let model = Words::new(7, Params::new(3).builder())?;
    let maps = model.features(&images()?, &EVAL)?;
    let (second, third): (FeatureMap<24>, FeatureMap<24>) = (maps.stage_2, maps.stage_3);
    let last: FeatureMap<32> = maps.stage_4;
    assert_eq!((second.size(), third.size(), last.size()), ((6, 5), (6, 5), (3, 3)));
    let dynamic = DynamicModel::from_spec(&Words::SPEC, 7, Params::new(3).builder())?;
    let of_stages = dynamic.stage_maps(&images()?, &EVAL)?;
    assert_eq!(of_stages.len(), 4);
    assert_eq!(bits(&of_stages[1])?, bits(&second.to_nchw()?)?);
    Ok(())
}

/// Logits are the classifier's, of the embeddings.
#[test]
fn embeddings_are_what_the_classifier_reads() -> Result<()> {
    let model = Words::new(7, Params::new(3).builder())?;
    let images = images()?;
    let embeddings = model.embeddings(&images, &EVAL)?;
    assert_eq!(embeddings.dims(), [2, model.num_features()]);
    let param = |name: &str| Network::params(&model).get(&format!("head.classifier.{name}")).expect("a classifier");
    let logits = embeddings.matmul(&param("weight").t()?)?.broadcast_add(param("bias").as_tensor())?;
    let error = (logits - model.eval().forward(&images)?)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(error < 1e-5, "{error}");

    let engine = Engine::new(&model, &Options::default())?;
    assert_eq!(engine.num_features(), 40);
    let error = (engine.embeddings(&images)? - &embeddings)?.abs()?.max_all()?.to_scalar::<f32>()?;
    let size = embeddings.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(error < 1e-4 * size, "{error}, of embeddings of {size}");
    Ok(())
}

#[test]
fn a_network_without_classes_puts_out_embeddings() -> weights::Result<()> {
    let images = images()?;
    let classifier = Words::new(7, Params::new(3).builder())?;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("words.safetensors");
    let save = |network: &Words| {
        let labels: Vec<String> = (0..network.num_classes()).map(|class| class.to_string()).collect();
        weights::save(&path, Network::params(network).all(), &Metadata::of(network, "Words", &labels))
    };
    save(&classifier)?;

    // A classifier's weights become a backbone's, whose file then has no classifier.
    let backbone = Words::new(0, Params::new(4).builder())?;
    let loaded = weights::load(&WeightsFile::open(&path)?, &backbone, Classifier::KeptIfOther)?;
    assert!(loaded.kept_classifier);
    assert_eq!(bits(&backbone.run(&images, &EVAL)?)?, bits(&classifier.embeddings(&images, &EVAL)?)?);
    save(&backbone)?;
    let engine = Engine::open(&WeightsFile::open(&path)?, &Words::SPEC, None, &Options::default())?;
    assert_eq!((engine.num_classes(), engine.forward(&images)?.dims()), (0, &[2, 40][..]));
    assert_eq!(bits(&engine.forward(&images)?)?, bits(&engine.embeddings(&images)?)?);
    Ok(())
}

#[test]
fn a_backbone_has_no_parameters_behind_its_last_stage() -> Result<()> {
    let params = Params::new(0);
    let body = Body::new(0, params.builder())?;
    assert_eq!(params.trainable(), Body::params(0));
    assert!(params.all().iter().all(|(name, _)| !name.starts_with("head.")));
    assert_eq!(body.embeddings(&images()?, &EVAL)?.dims(), [2, 16]);
    let none = Tensor::zeros((1, 3, 24, 24), DType::F32, &Device::Cpu)?;
    assert_eq!(Engine::new(&body, &Options::default())?.forward(&none)?.dims(), [1, 16]);
    Ok(())
}
