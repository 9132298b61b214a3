//! A model is a value: it is cloned, printed, made by generic code, and trained through its feature maps.

use effnet_runtime::candle::{Device, ModuleT, Result};
use effnet_runtime::spec::Spec;
use effnet_runtime::{Model, Network, Params, efficientnet_v2};

use crate::{EVAL, bits, images};

efficientnet_v2! {
    #[derive(Clone, Debug)]
    struct Cloned <
        [1, 3, 1, 1,  8,  8, fused, 0],
        [3, 3, 2, 4,  8, 16, mbconv, 0.25],
    > { num_features: 32, drop_path: 0.5 }
}

efficientnet_v2! {
    /// EfficientNetV2-S's table.
    #[derive(Debug)]
    struct S <
        [ 2, 3, 1, 1,  24,  24, fused,  0],
        [ 4, 3, 2, 4,  24,  48, fused,  0],
        [ 4, 3, 2, 4,  48,  64, fused,  0],
        [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
        [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
        [15, 3, 2, 6, 160, 256, mbconv, 0.25],
    >;
}

fn cloned() -> Result<Cloned> {
    Cloned::new(5, Params::new(1).builder())
}

#[test]
fn a_step_on_a_model_changes_its_clone() -> Result<()> {
    let (model, images) = (cloned()?, images()?);
    let clone = model.clone();
    let before = bits(&clone.run(&images, &EVAL)?)?;
    let gradients = model.forward_t(&images, true)?.sqr()?.sum_all()?.backward()?;
    for (_, weight) in Network::params(&model).weights() {
        let gradient = gradients.get(&weight).expect("every weight has a gradient");
        weight.set(&weight.sub(&(gradient * 0.01)?)?)?;
    }
    let after = bits(&clone.run(&images, &EVAL)?)?;
    assert_ne!(after, before);
    assert_eq!(after, bits(&model.run(&images, &EVAL)?)?);
    Ok(())
}

/// A model and its clone draw what a single one would have drawn.
#[test]
fn a_model_and_its_clone_count_their_steps_together() -> Result<()> {
    let images = images()?;
    let single = cloned()?;
    let drawn = [single.forward_t(&images, true)?, single.forward_t(&images, true)?];
    let model = cloned()?;
    let both = [model.clone().forward_t(&images, true)?, model.forward_t(&images, true)?];
    for (single, both) in drawn.iter().zip(&both) {
        assert_eq!(bits(single)?, bits(both)?);
    }
    assert_ne!(bits(&drawn[0])?, bits(&drawn[1])?, "two steps draw alike");
    Ok(())
}

#[test]
fn a_model_prints_a_short_line_for_each_block() -> Result<()> {
    let model = S::new(1_000, Params::for_loading(None, &Device::Cpu).builder())?;
    let printed = format!("{model:#?}");
    let lines: Vec<&str> = printed.lines().collect();
    assert!((45..=65).contains(&lines.len()), "{printed}");
    assert!(lines.iter().all(|line| line.chars().count() <= 120), "{printed}");
    for line in [
        "    stem: stem 3×3 3→24 stride 2 silu,",
        "    stage_1: [",
        "        blocks.0: project_conv 3×3 24→24 silu, shortcut,",
        "        blocks.2: expand_conv 3×3 24→96 stride 2 silu, project_conv 1×1 96→48,",
        "        blocks.11: expand_conv 1×1 128→512 silu, dwconv 3×3 512 silu, se 32, project_conv 1×1 512→128, shortcut,",
        "    head: head: project_conv 1×1 256→1280 silu, mean, classifier 1280→1000,",
        "    core: `S`, 1000 classes, 21458488 parameters,",
    ] {
        assert!(lines.contains(&line), "{line}\n{printed}");
    }
    Ok(())
}

/// What code that knows no type does with any.
fn described<M: Model>(num_classes: usize) -> Result<(Spec, usize)> {
    let model = M::new(num_classes, Params::new(0).builder())?;
    Ok((M::SPEC, model.params().trainable()))
}

#[test]
fn generic_code_makes_models() -> Result<()> {
    assert_eq!(described::<Cloned>(3)?, (Cloned::SPEC, Cloned::params(3)));
    assert_eq!(described::<crate::Small>(2)?, (crate::Small::SPEC, crate::Small::params(2)));
    Ok(())
}

/// A detector's body: it has a loss of its own on the feature maps, and never asks for logits.
#[test]
fn a_model_trains_through_its_feature_maps() -> Result<()> {
    let (model, images) = (cloned()?, images()?);
    let maps = model.features_t(&images, false)?;
    assert_eq!(bits(&maps.stage_2.to_nchw()?)?, bits(&model.features(&images, &EVAL)?.stage_2.to_nchw()?)?);

    let params = Network::params(&model);
    let statistics = |name: &str| bits(params.get(name).expect("a buffer").as_tensor());
    let [stem, head] = ["stem.bn.running_mean", "head.project_conv.bn.running_mean"];
    let before = [statistics(stem)?, statistics(head)?];
    let maps = model.features_t(&images, true)?;
    let gradients = maps.stage_2.to_nchw()?.sqr()?.sum_all()?.backward()?;
    let weight = params.get("blocks.3.dwconv.conv.weight").expect("a weight");
    assert!(gradients.get(&weight).is_some());
    assert_ne!(statistics(stem)?, before[0], "the batch statistics went nowhere");
    assert_eq!(statistics(head)?, before[1], "the head did not run");
    Ok(())
}
