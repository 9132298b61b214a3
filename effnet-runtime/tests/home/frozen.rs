use effnet_runtime::candle::ModuleT;
use effnet_runtime::candle_nn::{AdamW, Optimizer};
use effnet_runtime::{Network, Params};

use crate::{Regressor, Small, bits, images, sentence, variables};

fn frozen(patterns: &[&str]) -> Params {
    Params::new(0).with_frozen(patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
}

#[test]
fn a_pattern_into_a_network_without_a_match_is_refused_when_it_is_built() {
    for (pattern, near) in [
        ("head.conv.*", "`head.classifier.bias`, `head.classifier.weight`, `head.project_conv.bn.bias`"),
        ("blocks.7.*", "`blocks.0.project_conv.bn.bias`"),
        ("stem.conv.wieght", "`stem.conv.weight`"),
        // Without a star, it is a name, and no parameter has a module's.
        ("head", "`head.classifier.bias`"),
    ] {
        let said = sentence(Small::new(10, frozen(&["stem.*", pattern]).builder()));
        let starts = format!("the frozen pattern `{pattern}` matches no parameter; the nearest are {near}");
        assert!(said.starts_with(&starts), "{said}");
        let said = sentence(Small::new(10, frozen(&[&format!("body.{pattern}")]).builder().pp("body")));
        assert!(said.contains(&format!("`body.{pattern}` matches no parameter; the nearest are `body.")), "{said}");
    }
    assert!(sentence(Small::new(10, frozen(&["body"]).builder().pp("body"))).contains("`body` matches no parameter"));
}

/// What lies outside a network may be built later, in a program with several, and so a step is the first to know.
#[test]
fn any_other_pattern_without_a_match_is_refused_when_training_begins() {
    for pattern in ["nonsense", "boddy.*", "body.adapter.*", "lats.weight", "*.nonsense", "stem.*"] {
        let net = Regressor::new(frozen(&["body.stem.*", pattern]).builder()).unwrap();
        net.forward_t(&images(2), false).unwrap();
        let said = sentence(net.forward_t(&images(2), true));
        assert!(said.starts_with(&format!("the frozen pattern `{pattern}` matches no parameter")), "{said}");
    }
    // At the root, too, with the patterns of `reading`'s program.
    let network = Small::new(10, frozen(&["blocks.*", "nonsense"]).builder()).unwrap();
    assert!(sentence(network.forward_t(&images(2), true)).contains("`nonsense`"));
}

#[test]
fn patterns_freeze_the_body_and_candles_layers_alike() {
    let params = frozen(&["body.stem.*", "body.blocks.*", "last.bias"]);
    let net = Regressor::new(params.builder()).unwrap();
    let before: Vec<_> = params.all().into_iter().map(|(name, var)| (name, bits(&var))).collect();
    let mut optimizer = AdamW::new_lr(variables(&params), 1e-2).unwrap();
    let loss = net.forward_t(&images(4), true).unwrap().sqr().unwrap().mean_all().unwrap();
    optimizer.backward_step(&loss).unwrap();
    for (name, before) in before {
        let is_frozen = ["body.stem.", "body.blocks.", "last.bias"].iter().any(|start| name.starts_with(start));
        assert_eq!(bits(&params.get(&name).unwrap()) == before, is_frozen, "{name}");
    }
    // The body's own map shares the frozen variables, too.
    let stem = net.body.params().get("stem.conv.weight").unwrap();
    stem.set(&stem.zeros_like().unwrap()).unwrap();
    assert_eq!(bits(&params.get("body.stem.conv.weight").unwrap()), bits(&stem));
}
