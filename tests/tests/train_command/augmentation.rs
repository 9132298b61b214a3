use std::fs;

use crate::Place;

/// The weights that a short run ends with.
fn weights(place: &Place, output: &str, loaders: &str, settings: &[&str]) -> Vec<u8> {
    let mut args = vec!["--epochs", "1", "--batch", "256", "--size", "32", "--quiet", "--output", output];
    args.extend(["--loader-threads", loaders]);
    for setting in settings {
        args.extend(["--set", setting]);
    }
    place.succeeds(&args);
    fs::read(place.path(output).join("checkpoints/last.safetensors")).unwrap()
}

/// Each setting of the augmentation changes what is learnt, and 1 and 4 loader threads learn the same by all of them.
#[test]
fn every_augmentation_is_a_setting() {
    let place = Place::new();
    let plain = weights(&place, "plain", "1", &[]);
    let settings = [
        ("randaugment", "augment.policy=randaugment"),
        ("autoaugment", "augment.policy=autoaugment"),
        ("mixup", "augment.mixup=0.2"),
        ("cutmix", "augment.cutmix=1"),
        ("erase", "augment.erase=0.5"),
        ("crop", "augment.scale=[0.3, 0.9]"),
        ("flip", "augment.flip=0.5"),
    ];
    for (name, setting) in settings {
        assert!(weights(&place, name, "1", &[setting]) != plain, "{name} changes nothing");
    }
    let all = settings.map(|(_, setting)| setting);
    assert!(weights(&place, "one", "1", &all) == weights(&place, "four", "4", &all));
}

#[test]
fn an_augmentation_that_makes_no_sense_is_refused() {
    let place = Place::new();
    let error = place.fails(&["--set", "augment.policy=randaugment", "--set", "augment.magnitude=31"]);
    assert!(error.contains("magnitude") && error.contains("31"), "{error}");
    let error = place.fails(&["--set", "augment.policy=augmix"]);
    assert!(error.contains("augmix"), "{error}");
}
