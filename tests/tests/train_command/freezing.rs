use effnet_runtime::candle::Device;
use effnet_runtime::weights::{TRAINING_PREFIX, WeightsFile};

use crate::Place;

/// Names and values of all tensors of a run's network.
fn weights(place: &Place, run: &str) -> Vec<(String, Vec<f32>)> {
    let file = WeightsFile::open(place.path(run).join("checkpoints/last.safetensors")).unwrap();
    let names: Vec<String> =
        file.tensors().map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with(TRAINING_PREFIX)).collect();
    let values = |name: &str| file.read_f32(name, &Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    names.into_iter().map(|name| (name.clone(), values(&name))).collect()
}

#[test]
fn a_frozen_backbone_stays_as_it_was() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--batch", "128", "--quiet", "--output", "first"]);
    let pretrained = "first/checkpoints/best.safetensors";
    let frozen = ["--pretrained", pretrained, "--freeze", "backbone", "--epochs", "1", "--batch", "128", "--quiet"];
    place.succeeds(&[&frozen[..], &["--output", "second"]].concat());
    let (first, second) = (weights(&place, "first"), weights(&place, "second"));
    assert_eq!(first.len(), second.len());
    for ((name, before), (_, after)) in first.iter().zip(&second) {
        assert_eq!(before == after, !name.starts_with("head."), "{name}");
    }
}

#[test]
fn a_pattern_that_finds_nothing_is_refused() {
    let place = Place::new();
    let error = place.fails(&["--freeze", "backbones"]);
    assert!(error.starts_with("there is no weight `backbones` to freeze: say `backbone`, or a name"), "{error}");
}
