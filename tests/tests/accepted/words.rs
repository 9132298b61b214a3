//! Words of a table besides its eight cells, in a typed model.

use effnet_runtime::candle::{DType, Device, Error, Module, Result, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::{Settings, Spec};
use effnet_runtime::weights::{self, Metadata, Purpose, WeightsFile};
use effnet_runtime::{
    DynamicModel, FeatureMap, Network, NormUpdates, Params, Pass, Precision, Statistics, Step, efficientnet_v2,
};

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
    let loaded = weights::load(&WeightsFile::open(&path)?, &backbone, Purpose::FineTune)?;
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

/// The mean square of logits in a training step without dropout and drop path, whose draws a difference could not follow.
fn loss(model: &dyn Network, images: &Tensor) -> Result<Tensor> {
    let norms = NormUpdates::new();
    let step = Step {
        seed: 0,
        step: 0,
        samples: &[0, 1],
        dropout: 0.0,
        drop_path_scale: 0.0,
        precision: Precision::F32,
        statistics: &Statistics::Local,
        norms: &norms,
    };
    model.run(images, &Pass::Train(&step))?.sqr()?.mean_all()
}

/// How far the slope of the loss along a parameter's gradient, which a difference tells, may be from the gradient's own
/// length, relative to it: what f32 and the bend of the loss leave of steps that change it by 1e-4 of itself.
const SLOPE_TOLERANCE: f32 = 5e-2;

#[test]
fn every_parameter_of_every_word_learns() -> Result<()> {
    let with_bias = Spec { settings: Settings { head_bias: true, ..Words::SPEC.settings }, ..Words::SPEC };
    let model = DynamicModel::from_spec(&with_bias, 7, Params::new(3).builder())?;
    let images = images()?;
    // A bias of 0 is where some activations bend.
    for (name, var) in model.params().weights() {
        if var.rank() == 1 {
            let shifts: Vec<f32> = (0..var.elem_count()).map(|at| 0.2 * ((at * 7 + name.len()) as f32).sin()).collect();
            var.set(&(var.as_tensor() + Tensor::from_vec(shifts, var.dims(), &Device::Cpu)?)?)?;
        }
    }
    let start = loss(&model, &images)?;
    let gradients = start.backward()?;
    let start = start.to_scalar::<f32>()?;
    let mut slopes = 0;
    for (name, var) in model.params().weights() {
        let gradient = gradients.get(var.as_tensor()).unwrap_or_else(|| panic!("{name} has no gradient")).clone();
        let length = gradient.sqr()?.sum_all()?.to_scalar::<f32>()?;
        // A convolution's bias in front of a batch normalisation would have none; the table has no such.
        assert!(length > 1e-12, "{name} learns nothing");
        let before = var.as_detached_tensor().copy()?;
        let step = f64::from(1e-4 * start / length);
        let moved = |by: f64| {
            var.set(&(&before + (&gradient * by)?)?)?;
            loss(&model, &images)?.to_scalar::<f32>()
        };
        let slope = |step: f64| Ok::<_, Error>((moved(step)? - moved(-step)?) / (2.0 * step as f32) / length);
        // Richardson's extrapolation takes the loss's bend out.
        let slope = (4.0 * slope(step)? - slope(2.0 * step)?) / 3.0;
        var.set(&before)?;
        println!("{name}: {slope}");
        slopes += usize::from((slope - 1.0).abs() <= SLOPE_TOLERANCE);
    }
    assert_eq!(slopes, model.params().weights().len(), "slopes that are those of differences");
    Ok(())
}

#[test]
fn a_step_of_every_word_has_the_bits_of_a_dynamic_one() -> Result<()> {
    let model = Words::new(7, Params::new(3).builder())?;
    let dynamic = DynamicModel::from_spec(&Words::SPEC, 7, Params::new(3).builder())?;
    let images = images()?;
    let (typed, untyped) = (loss(&model, &images)?.backward()?, loss(&dynamic, &images)?.backward()?);
    let untyped_params: Vec<_> = dynamic.params().weights();
    for ((name, var), (_, other)) in Network::params(&model).weights().iter().zip(&untyped_params) {
        let [one, two] = [typed.get(var.as_tensor()), untyped.get(other.as_tensor())].map(|gradient| gradient.cloned());
        let (Some(one), Some(two)) = (one, two) else { panic!("{name} has no gradient") };
        assert_eq!(bits(&one)?, bits(&two)?, "{name}");
    }
    Ok(())
}
