use effnet_runtime::candle::{Device, ModuleT};
use effnet_runtime::candle_nn::{AdamW, Optimizer, VarBuilder};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::{self, Convention, Metadata, NamePair, Purpose, Scheme, WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network, NormUpdates, Params, Pass, Precision, Statistics, Step};

use crate::{Regressor, Small, bits, images, logits, sentence, state, variables};

/// A file with other weights than the program's, as another implementation names them or as we do.
fn pretrained(folder: &tempfile::TempDir, scheme: Scheme) -> WeightsFile {
    let path = folder.path().join("pretrained.safetensors");
    let network = Small::new(10, Params::new(5).builder()).unwrap();
    let pairs = scheme.pairs(&Small::SPEC).unwrap().into_iter();
    let theirs = pairs.map(|NamePair { ours, theirs, layout }| {
        (theirs, layout.to_theirs(network.params().get(&ours).unwrap().as_tensor()).unwrap())
    });
    weights::save(&path, theirs, &Metadata::of(&network, "pretrained", &[])).unwrap();
    WeightsFile::open(path).unwrap()
}

#[test]
fn a_body_loads_pretrained_weights_of_any_names() {
    for scheme in Scheme::ALL {
        if scheme == Scheme::Lukemelas {
            // It has no fused blocks.
            assert!(scheme.pairs(&Small::SPEC).is_err());
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = pretrained(&folder, scheme);
        let params = Params::new(0);
        let net = Regressor::new(params.builder()).unwrap();
        let last = params.get("last.weight").map(|var| bits(&var));
        let loaded = weights::load(&file, &net.body, Purpose::FineTune).unwrap();
        assert!(loaded.kept_classifier && loaded.scheme == scheme, "{loaded:?}");
        let other = Small::new(10, Params::new(5).builder()).unwrap();
        for (name, var) in other.params().all().into_iter().filter(|(name, _)| !name.starts_with("head.classifier")) {
            // The program's map holds the same variables by their whole names.
            assert_eq!(bits(&params.get(&format!("body.{name}")).unwrap()), bits(&var), "{name}");
        }
        assert_eq!(params.get("last.weight").map(|var| bits(&var)), last);
    }
}

#[test]
fn what_does_not_fit_is_named_as_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = pretrained(&folder, Scheme::Timm);
    let body = Small::new(6, Params::new(0).builder().pp("body")).unwrap();
    let said = sentence(weights::load(&file, &body, Purpose::Restore));
    assert!(said.contains("do not fit Small: 2 of wrong shape (`classifier.weight` is [10, 32] in the file"), "{said}");
}

#[test]
fn read_network_builds_below_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let file = pretrained(&folder, Scheme::Torchvision);
    let build = |classes, vb: VarBuilder<'static>| Small::new(classes, vb.pp("a").pp("b"));
    let below = read_network(&file, &Small::SPEC, None, &Device::Cpu, build).unwrap();
    let root = read_network(&file, &Small::SPEC, None, &Device::Cpu, Small::new).unwrap();
    assert_eq!(state(below.params()), state(root.params()));
    assert_eq!(logits(&below), logits(&root));
}

#[test]
fn a_body_becomes_an_engine_and_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body.safetensors");
    let net = Regressor::new(Params::new(3).builder()).unwrap();
    let engine = Engine::new(&net.body, &Options::default()).unwrap();
    let labels: Vec<String> = (0..6).map(|label| label.to_string()).collect();
    weights::save(&path, net.body.params().all(), &Metadata::of(&net.body, "body", &labels)).unwrap();

    let file = WeightsFile::open(&path).unwrap();
    assert!(file.info("stem.conv.weight").is_some() && file.info("body.stem.conv.weight").is_none());
    let again = read_network(&file, &Small::SPEC, None, &Device::Cpu, Small::new).unwrap();
    assert_eq!(state(again.params()), state(net.body.params()));
    let opened = Engine::open(&file, &Small::SPEC, None, &Options::default()).unwrap();
    let [ours, opened] = [engine, opened].map(|engine| bits(&engine.forward(&images(2)).unwrap()));
    assert_eq!(ours, opened);
    // A table at run time, under a prefix too.
    let dynamic = DynamicModel::from_spec(&Small::SPEC, 6, Params::new(9).builder().pp("x")).unwrap();
    weights::load(&file, &dynamic, Purpose::Restore).unwrap();
    assert_eq!(logits(&dynamic), logits(&net.body));
}

/// Both whole-program names and the body's own find the running statistics; two bodies share one `NormUpdates`.
#[test]
fn batch_statistics_reach_bodies_side_by_side() {
    let params = Params::new(0);
    let [left, right] = ["left", "right"].map(|side| Small::new(2, params.builder().pp(side)).unwrap());
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
    let before = state(&params);
    left.run(&images(2), &Pass::Train(&step)).unwrap();
    norms.apply(left.params()).unwrap();
    let between = state(&params);
    left.run(&images(2), &Pass::Train(&step)).unwrap();
    right.run(&images(2), &Pass::Train(&step)).unwrap();
    assert!(norms.get("right.stem.bn").is_some() && norms.get("stem.bn").is_none());
    norms.apply(&params).unwrap();
    let changed = |old: &[(String, Vec<u32>)], prefix: &str| {
        let new = state(&params);
        let changed = old.iter().zip(&new).filter(|(old, new)| old != new && old.0.starts_with(prefix));
        changed.count()
    };
    assert_eq!(changed(&before, "right."), right.params().buffers().len());
    assert_eq!(changed(&between, "left."), left.params().buffers().len());
    right.run(&images(2), &Pass::Train(&step)).unwrap();
    let said = sentence(norms.apply(left.params()));
    assert!(said.contains("no buffer `right."), "{said}");
}

#[test]
fn a_body_trains_with_candle_and_its_statistics_follow() {
    let params = Params::new(0);
    let net = Regressor::new(params.builder()).unwrap();
    let before = state(net.body.params());
    let mut optimizer = AdamW::new_lr(variables(&params), 1e-2).unwrap();
    let loss = net.forward_t(&images(4), true).unwrap().sqr().unwrap().mean_all().unwrap();
    optimizer.backward_step(&loss).unwrap();
    let after = state(net.body.params());
    assert!(before.iter().zip(&after).all(|(before, after)| before.0 == after.0));
    let kept: Vec<_> =
        before.iter().zip(&after).filter(|(before, after)| before == after).map(|(old, _)| &old.0).collect();
    assert!(kept.is_empty(), "unchanged: {kept:?}");
}

/// candle's `rename_f` puts a prefix before all names, those of what a builder carries besides parameters included.
#[test]
fn a_renaming_builder_carries_dialect_frozen_patterns_and_prefix() {
    let dialect = Convention::TimmTf.dialect(&Small::SPEC);
    let params = Params::new(0).with_dialect(dialect.clone()).with_frozen(vec!["net.stem.*".to_owned()]);
    let renamed = Small::new(10, params.builder().rename_f(|name| format!("net.{name}"))).unwrap();
    assert_eq!(renamed.dialect(), &dialect);
    assert_eq!(state(renamed.params()), state(Small::new(10, params.builder().pp("net")).unwrap().params()));
    let loss = renamed.forward_t(&images(2), true).unwrap().sqr().unwrap().mean_all().unwrap();
    let gradients = loss.backward().unwrap();
    for (name, var) in params.weights() {
        assert_eq!(gradients.get(&var).is_none(), name.starts_with("net.stem."), "{name}");
    }
}
