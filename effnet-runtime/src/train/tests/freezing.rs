use std::collections::BTreeMap;

use super::{begin, build_tiny, tiny_config, tiny_spec};
use crate::train::build_network;

fn weights(trainer: &crate::train::Trainer) -> BTreeMap<String, Vec<u32>> {
    super::bits(trainer.facts().network.as_ref()).into_iter().collect()
}

fn refusal(freeze: &str) -> String {
    let config = tiny_config(&format!("regularise.freeze = {freeze}"));
    build_network(&config, &build_tiny, &tiny_spec(), 10).err().unwrap().to_string()
}

#[test]
fn a_frozen_backbone_keeps_its_weights_and_statistics() {
    let parent = tempfile::tempdir().unwrap();
    let mut trainer = begin(tiny_config("epochs = 1\nregularise.freeze = [\"backbone\"]"), &parent.path().join("run"));
    let before = weights(&trainer);
    trainer.run(&mut (), &|| false).unwrap();
    for (name, after) in weights(&trainer) {
        assert_eq!(before[&name] == after, !name.starts_with("head."), "{name}");
    }
    assert!(trainer.optimizer.memory().iter().all(|(_, name, _)| name.starts_with("head.")));
}

#[test]
fn a_pattern_freezes_what_it_matches() {
    let parent = tempfile::tempdir().unwrap();
    let mut trainer = begin(tiny_config("epochs = 1\nregularise.freeze = [\"*.bn.*\"]"), &parent.path().join("run"));
    let before = weights(&trainer);
    trainer.run(&mut (), &|| false).unwrap();
    for (name, after) in weights(&trainer) {
        assert_eq!(before[&name] == after, name.contains(".bn."), "{name}");
    }
}

#[test]
fn running_statistics_stay_while_all_weights_train() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("epochs = 1\nregularise.statistics = \"running\"");
    let mut trainer = begin(config, &parent.path().join("run"));
    let before = weights(&trainer);
    trainer.run(&mut (), &|| false).unwrap();
    for (name, after) in weights(&trainer) {
        assert_eq!(before[&name] == after, name.contains(".running_"), "{name}");
    }
}

#[test]
fn what_cannot_be_frozen_is_said() {
    let error = refusal("[\"blocks.9.*\"]");
    assert!(error.contains("no weight `blocks.9.*`") && error.contains("`backbone`"), "{error}");
    assert!(refusal("[\"backbone\", \"head.*\"]").contains("leaves no weight to train"));
}
