//! Block types that exist here only. Everything that walks the plan handles them like the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use effnet_kernels::simd::{Level, with_level};
use effnet_spec::plan::{BlockType, Channels, Template, Window};
use effnet_spec::{Operator, Row, Settings, Size, Spec};

use super::{Blocks, Builder, FeatureMap, FusedMbConv, Head, Layers, Stage, Stem};
use crate::infer::tests::{BF16_TOLERANCE, TOLERANCE, error_of, images, perturbed};
use crate::infer::{Engine, Options};
use crate::layers;
use crate::network::Core;
use crate::pass::{NormUpdates, Statistics, Step};
use crate::weights::{Convention, Scheme, WeightsFile};
use crate::{DynamicModel, Network, Params, Pass, Precision};

/// MobileNetV4's universal inverted bottleneck with a squeeze-and-excitation; with expansion 1, a block that ends in a
/// depthwise convolution. No schedule of the engine fits either.
const UNIVERSAL: Operator = Operator::Unnamed(&BlockType {
    name: "universal",
    automl: Some(2),
    class: "UniversalInvertedBottleneck",
    rust_type: "Universal",
    ungated_class: None,
    layers: &[
        Template::depthwise("start", "dw_start", Channels::In, Window::Kernel),
        Template::conv("expand_conv", "pw_exp", Channels::In, Channels::Expanded, Window::Pixel).activated(),
        Template::depthwise("dwconv", "dw_mid", Channels::Expanded, Window::Strided).activated(),
        Template::squeeze_excite("se", Channels::Expanded),
        Template::conv("project_conv", "pw_proj", Channels::Expanded, Channels::Out, Window::Pixel),
    ],
    unexpanded: &[
        Template::conv("mix", "conv", Channels::In, Channels::Out, Window::Kernel).activated(),
        Template::squeeze_excite("se", Channels::Out),
        Template::depthwise("dwconv", "dw", Channels::Out, Window::Strided),
    ],
    expands: true,
    has_shortcut: true,
    kernels: &[1, 3, 5, 7],
});

/// Squeeze-and-excitation at either end.
const GATED: Operator = Operator::Unnamed(&BlockType {
    name: "gated",
    automl: Some(3),
    class: "Gated",
    rust_type: "Gated",
    ungated_class: None,
    layers: &[
        Template::squeeze_excite("se", Channels::In),
        Template::conv("conv", "conv", Channels::In, Channels::Out, Window::Strided),
    ],
    unexpanded: &[
        Template::conv("conv", "conv", Channels::In, Channels::Out, Window::Strided),
        Template::squeeze_excite("se", Channels::Out),
    ],
    expands: true,
    has_shortcut: true,
    kernels: &[1, 3, 5, 7],
});

block!(
    /// The typed form of the first.
    Universal, UNIVERSAL
);
block!(
    /// The typed form of the second.
    Gated, GATED
);

fn spec(settings: Settings) -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, 8, UNIVERSAL, 0.25),
        Row::new(2, 5, 2, 3, 8, 20, UNIVERSAL, 0.25),
        Row::new(1, 7, 1, 2, 20, 40, UNIVERSAL, 0.0),
        Row::new(1, 3, 2, 1, 40, 36, GATED, 0.25),
        Row::new(2, 3, 1, 4, 36, 36, GATED, 0.25),
        Row::new(1, 3, 1, 1, 36, 12, Operator::Fused, 0.0),
    ];
    Spec { name: "Tested".into(), rows: rows.into(), settings: Settings { num_features: 24, ..settings } }
}

/// The model that the macro would write.
struct Tested {
    stem: Stem<3, 8>,
    stage_1: Stage<Universal<8, 8, 2, 8, 3, 1>>,
    stage_2: Stage<(Universal<8, 24, 2, 20, 5, 2>, Universal<20, 60, 5, 20, 5, 1>)>,
    stage_3: Stage<Universal<20, 40, 0, 40, 7, 1>>,
    // As one stage of several rows.
    stage_4: Stage<((Gated<40, 40, 10, 36, 3, 2>, [Gated<36, 144, 9, 36, 3, 1>; 2]), FusedMbConv<36, 36, 0, 12, 3, 1>)>,
    head: Head<12, 24>,
    core: Core,
}

impl Tested {
    fn new(num_classes: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let mut builder = Builder::new(&spec(Settings::DEFAULT), num_classes, vb)?;
        let (((stem, stage_1), (stage_2, stage_3)), (stage_4, head)) = Layers::take(&mut builder)?;
        Ok(Self { stem, stage_1, stage_2, stage_3, stage_4, head, core: builder.finish()? })
    }
}

impl Network for Tested {
    fn core(&self) -> &Core {
        &self.core
    }

    fn run(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        self.stem
            .then(&self.stage_1)
            .then(&self.stage_2)
            .then(&self.stage_3)
            .then(&self.stage_4)
            .logits(&self.head, images, pass)
    }

    fn embeddings(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        self.stem
            .then(&self.stage_1)
            .then(&self.stage_2)
            .then(&self.stage_3)
            .then(&self.stage_4)
            .embeddings(&self.head, images, pass)
    }

    fn stage_maps(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>> {
        let x = self.stem.forward(images, pass)?;
        let first = self.stage_1.forward(&x, pass)?;
        let second = self.stage_2.forward(&first, pass)?;
        Ok(vec![first.to_nchw()?, second.to_nchw()?])
    }
}

fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
}

#[test]
fn a_typed_model_has_the_bits_of_a_dynamic_one() -> Result<()> {
    let typed = Tested::new(7, Params::new(3).builder())?;
    let dynamic = DynamicModel::from_spec(&spec(Settings::DEFAULT), 7, Params::new(3).builder())?;
    let (images, pass) = (images(2, 33, 40)?, Pass::Eval(Precision::F32));
    assert_eq!(bits(&typed.run(&images, &pass)?)?, bits(&dynamic.run(&images, &pass)?)?);
    for (typed, dynamic) in typed.stage_maps(&images, &pass)?.iter().zip(&dynamic.stage_maps(&images, &pass)?) {
        assert_eq!(bits(typed)?, bits(dynamic)?);
    }
    // A step of training, with batch statistics and drop path, and its gradients.
    let step = |network: &dyn Network, core: &Core| -> Result<_> {
        let logits = core.pass_t(&images, true, |pass| network.run(&images, pass))?;
        let gradients = logits.sqr()?.sum_all()?.backward()?;
        let gradients = network.params().weights().into_iter().map(|(name, var)| {
            let gradient =
                gradients.get(&var).ok_or_else(|| candle_core::Error::msg(format!("no gradient of {name}")))?;
            Ok((name, bits(gradient)?))
        });
        Ok((bits(&logits)?, gradients.collect::<Result<BTreeMap<_, _>>>()?))
    };
    assert_eq!(step(&typed, typed.core())?, step(&dynamic, dynamic.core())?);
    Ok(())
}

#[test]
fn a_step_of_other_samples_is_refused() -> Result<()> {
    let network = DynamicModel::from_spec(&spec(Settings::DEFAULT), 7, Params::new(3).builder())?;
    let norms = NormUpdates::new();
    let step = Step {
        seed: 0,
        step: 0,
        samples: &[0],
        dropout: 0.0,
        drop_path_scale: 0.0,
        precision: Precision::F32,
        statistics: &Statistics::Local,
        norms: &norms,
    };
    let error = network.run(&images(2, 32, 32)?, &Pass::Train(&step)).unwrap_err().to_string();
    assert!(error.contains("a step of 1 samples was given 2 images"), "{error}");
    Ok(())
}

#[test]
fn another_type_at_a_blocks_place_is_refused() {
    let params = Params::new(0);
    let mut builder = Builder::new(&spec(Settings::DEFAULT), 7, params.builder()).unwrap();
    let error = FusedMbConv::<8, 8, 2, 8, 3, 1>::take(&mut builder).unwrap_err().to_string();
    assert!(error.starts_with("fused block 0 is a universal block in the table"), "{error}");
}

#[test]
fn an_engine_runs_them_layer_by_layer() -> Result<()> {
    use effnet_spec::{Activation, Padding};
    let same = Settings { padding: Padding::Same, activation: Activation::HardSwish, ..Settings::DEFAULT };
    for settings in [Settings::DEFAULT, same] {
        let network = perturbed(DynamicModel::from_spec(&spec(settings), 7, Params::new(3).builder())?)?;
        for level in Level::available() {
            for (precision, tolerance) in [(Precision::F32, TOLERANCE), (Precision::Bf16, BF16_TOLERANCE)] {
                let engine = |threads| {
                    let options = Options::default().with_precision(precision).with_threads(threads);
                    with_level(level, || Engine::new(&network, &options))
                };
                let (one, three) = (engine(1)?, engine(3)?);
                for (batch, height, width) in [(1, 32, 32), (2, 45, 37), (3, 1, 1), (9, 20, 33)] {
                    let images = images(batch, height, width)?;
                    let expected = network.run(&images, &Pass::Eval(Precision::F32))?;
                    let found = one.forward(&images)?;
                    let error = error_of(&found, &expected)?;
                    assert!(error <= tolerance, "{}, {batch} × {height} × {width}: {error}", level.name());
                    assert_eq!(bits(&found)?, bits(&three.forward(&images)?)?);
                }
            }
        }
    }
    Ok(())
}

/// A layer that the engine cannot compute is named, rather than left out.
#[test]
fn an_engine_refuses_what_no_schedule_computes() -> Result<()> {
    const PIXELS: Operator = Operator::Unnamed(&BlockType {
        name: "pixels",
        automl: Some(4),
        class: "Pixels",
        ungated_class: None,
        rust_type: "Pixels",
        layers: &[Template::depthwise("dwconv", "dw", Channels::In, Window::Pixel)],
        unexpanded: &[Template::depthwise("dwconv", "dw", Channels::In, Window::Pixel)],
        expands: true,
        has_shortcut: true,
        kernels: &[1, 3, 5, 7],
    });
    for (operator, expected) in [
        (GATED, "ends in the squeeze-and-excitation `blocks.0.se`"),
        (PIXELS, "1 × 1 pixels and stride 1, as `blocks.0.dwconv` is"),
    ] {
        let rows = vec![Row::new(1, 3, 1, 1, 8, 8, operator, 0.25)];
        let settings = Settings { num_features: 24, ..Settings::DEFAULT };
        let spec = Spec { name: "Refused".into(), rows: rows.into(), settings };
        let network = DynamicModel::from_spec(&spec, 7, Params::new(3).builder())?;
        let error = Engine::new(&network, &Options::default()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn names_and_counts_are_the_plans() -> Result<()> {
    let spec = spec(Settings::DEFAULT);
    let network = DynamicModel::from_spec(&spec, 7, Params::new(3).builder())?;
    let shapes = network.params().all().into_iter().map(|(name, var)| (name, var.dims().to_vec()));
    assert_eq!(shapes.collect::<BTreeMap<_, _>>(), spec.parameters(7).collect());
    assert_eq!(network.params().trainable() as u64, spec.params(7));
    let modules = spec.modules(Size::square(32), 7);
    assert_eq!(modules.iter().map(|module| module.params).sum::<u64>(), spec.params(7));
    assert_eq!(modules.iter().filter(|module| module.class == "UniversalInvertedBottleneck").count(), 4);
    for (scheme, ours, theirs) in [
        (Scheme::Own, "blocks.2.start.bn.bias", "blocks.2.start.bn.bias"),
        (Scheme::Timm, "blocks.2.start.conv.weight", "blocks.1.1.dw_start.weight"),
        (Scheme::Timm, "blocks.2.project_conv.bn.bias", "blocks.1.1.bn4.bias"),
        (Scheme::Timm, "blocks.4.se.conv_reduce.bias", "blocks.3.0.se.conv_reduce.bias"),
    ] {
        let pairs = scheme.pairs(&spec).unwrap();
        assert_eq!(pairs.iter().map(|pair| &pair.theirs).collect::<BTreeSet<_>>().len(), pairs.len());
        let found = pairs.iter().find(|pair| pair.ours == ours).map(|pair| &*pair.theirs);
        assert_eq!(found, Some(theirs), "{scheme:?}");
    }
    // Its programs have no class for such blocks, which no file of theirs can hold.
    assert!(Scheme::Torchvision.pairs(&spec).is_err());
    Ok(())
}

#[test]
fn a_file_of_any_scheme_becomes_an_engine() -> Result<()> {
    let spec = spec(Settings::DEFAULT);
    let network = perturbed(DynamicModel::from_spec(&spec, 7, Params::new(3).builder())?)?;
    let images = images(2, 33, 32)?;
    let expected = bits(&Engine::new(&network, &Options::default())?.forward(&images)?)?;
    for scheme in Scheme::ALL {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tested.safetensors");
        let Ok(pairs) = scheme.pairs(&spec) else { continue };
        let tensors = pairs.into_iter().map(|pair| {
            let tensor = network.params().get(&pair.ours).unwrap().into_inner();
            (pair.theirs, pair.layout.to_theirs(&tensor).unwrap())
        });
        candle_core::safetensors::save(&tensors.collect::<HashMap<_, _>>(), &path)?;
        let file = WeightsFile::open(&path).map_err(candle_core::Error::wrap)?;
        let engine = Engine::open(&file, &spec, Some(Convention::Wzm), &Options::default());
        let engine = engine.map_err(candle_core::Error::wrap)?;
        assert_eq!(bits(&engine.forward(&images)?)?, expected, "{scheme:?}");
    }
    Ok(())
}
