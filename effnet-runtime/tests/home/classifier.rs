use effnet_runtime::candle::{Device, ModuleT};
use effnet_runtime::candle_nn::{AdamW, Optimizer};
use effnet_runtime::{DynamicModel, Network, Params};

use crate::{Small, bits, images, sentence, variables};

const CLASSIFIER: &str = "head.classifier.*";

fn body(network: &dyn Network) -> Vec<(String, Vec<u32>)> {
    let all = network.params().all().into_iter().filter(|(name, _)| !name.starts_with("head.classifier."));
    all.map(|(name, var)| (name, bits(&var))).collect()
}

/// A step that changes every weight.
fn train(network: &dyn Network, forward: impl Fn() -> effnet_runtime::candle::Tensor) {
    let mut optimizer = AdamW::new_lr(variables(network.params()), 1e-2).unwrap();
    optimizer.backward_step(&forward().sqr().unwrap().mean_all().unwrap()).unwrap();
}

#[test]
fn a_trained_model_gets_another_classifier_and_shares_its_body() {
    let trained = Small::new(10, Params::new(1).builder()).unwrap();
    train(&trained, || trained.forward_t(&images(4), true).unwrap());
    let swapped = Small::new(3, trained.params().without(CLASSIFIER).unwrap().builder()).unwrap();
    assert_eq!((trained.num_classes(), swapped.num_classes()), (10, 3));
    assert_eq!(body(&trained), body(&swapped));
    let weight = swapped.params().get("head.classifier.weight").unwrap();
    assert!(bits(&weight).iter().any(|bits| *bits != 0), "it is drawn");
    // One body: a step of the new network is the old one's, too.
    train(&swapped, || swapped.forward_t(&images(4), true).unwrap());
    assert_eq!(body(&trained), body(&swapped));
    assert_eq!(trained.forward_t(&images(2), false).unwrap().dims(), [2, 10]);
}

#[test]
fn on_a_copy_the_old_one_stays_as_it_is() {
    let trained = DynamicModel::from_spec(&Small::SPEC, 10, Params::new(1).builder().pp("body")).unwrap();
    let before = body(&trained);
    let params = trained.params().without(CLASSIFIER).unwrap().copy().unwrap();
    let swapped = DynamicModel::from_spec(&Small::SPEC, 3, params.builder()).unwrap();
    assert_eq!(before, body(&swapped));
    train(&swapped, || swapped.forward_t(&images(4), true).unwrap());
    assert_eq!(before, body(&trained));
    assert_ne!(before, body(&swapped));
}

#[test]
fn weights_that_were_loaded_get_a_drawn_classifier() {
    let loaded = Params::for_loading(None, &Device::Cpu);
    Small::new(10, loaded.builder()).unwrap();
    let swapped = Small::new(3, loaded.without(CLASSIFIER).unwrap().builder()).unwrap();
    let weight = swapped.params().get("head.classifier.weight").unwrap();
    assert!(bits(&weight).iter().any(|bits| *bits != 0));
}

#[test]
fn patterns_and_the_dialect_go_with_the_weights() {
    let table = effnet_runtime::Dialect::of(&Small::SPEC.settings);
    let dialect = effnet_runtime::Dialect { bn_eps: 0.5, ..table };
    let params = Params::new(1).with_dialect(dialect.clone()).with_frozen(vec!["body.stem.*".to_owned()]);
    let trained = Small::new(10, params.builder().pp("body")).unwrap();
    let swapped = Small::new(3, trained.params().without(CLASSIFIER).unwrap().builder()).unwrap();
    assert_eq!(swapped.dialect(), &dialect);
    let stem = bits(&swapped.params().get("stem.conv.weight").unwrap());
    train(&swapped, || swapped.forward_t(&images(4), true).unwrap());
    assert_eq!(stem, bits(&swapped.params().get("stem.conv.weight").unwrap()));
}

#[test]
fn what_matches_nothing_is_refused() {
    let trained = Small::new(10, Params::new(1).builder()).unwrap();
    let said = sentence(trained.params().without("classifier.*"));
    assert!(said.starts_with("`classifier.*` matches no parameter; the nearest are `"), "{said}");
    // Without leaving the old one out, the shapes say it.
    let said = sentence(Small::new(3, trained.params().builder()));
    assert!(
        said.contains("parameter `head.classifier.weight` has shape [10, 32], and [3, 32] was asked for"),
        "{said}"
    );
}
