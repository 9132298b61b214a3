use crate::{Place, metrics};

/// The row of a run's only epoch, with settings.
fn row(place: &Place, output: &str, settings: &[&str]) -> String {
    let mut args = vec!["--epochs", "1", "--batch", "256", "--quiet", "--output", output];
    for setting in settings {
        args.extend(["--set", setting]);
    }
    place.succeeds(&args);
    metrics(&place.path(output))[1].clone()
}

#[test]
fn classes_may_count_differently_in_the_loss() {
    let place = Place::new();
    let losses = |weights: &str, output: &str| row(&place, output, &[&format!("regularise.class_weights={weights}")]);
    let plain = losses("equal", "equal");
    assert_eq!(losses("[2, 2, 2, 2, 2, 2, 2, 2, 2, 2]", "all-the-same"), plain);
    assert_ne!(losses("[9, 1, 1, 1, 1, 1, 1, 1, 1, 1]", "zeros-first"), plain);
    let error = place.fails(&["--set", "regularise.class_weights=[1, 2]"]);
    assert!(error.starts_with("regularise.class_weights has 2 weights, and the data set 10 classes"), "{error}");
}

/// Smoothed and mixed labels are the training's alone: what is evaluated is the plain cross entropy. At this rate the
/// weights stay as they are, and smoothing changes nothing but the loss.
#[test]
fn targets_are_smoothed_and_mixed_for_training_alone() {
    let place = Place::new();
    let of = |output: &str, settings: &[&str]| {
        let still = ["optimizer.lr=1e-30", "optimizer.weight_decay=0"];
        let row = row(&place, output, &[&still[..], settings].concat());
        let cell = |at: usize| row.split(',').nth(at).unwrap().to_owned();
        (cell(4), cell(5))
    };
    let hard = of("hard", &["regularise.label_smoothing=0"]);
    let smooth = of("smooth", &["regularise.label_smoothing=0.4"]);
    assert!(hard.0 != smooth.0 && hard.1 == smooth.1, "{hard:?} {smooth:?}");
    let mixed = of("mixed", &["regularise.label_smoothing=0", "augment.mixup=0.4"]);
    assert!(hard.0 != mixed.0, "{hard:?} {mixed:?}");
}
