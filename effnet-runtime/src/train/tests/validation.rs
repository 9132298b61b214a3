//! A validation that is not finite ends a run, and is never the best.

use std::fs;
use std::path::Path;

use candle_core::Tensor;

use super::{begin, build_tiny, few_digits, noise, resume, tiny, tiny_config, tiny_spec};
use crate::Network;
use crate::train::finite::of_image;
use crate::train::{Ended, EpochDone, Error, RunFolder, Trainer, Watcher, build_network};

/// Sets every element of a weight or buffer.
fn fill(network: &dyn Network, name: &str, value: f32) {
    let var = network.params().get(name).unwrap();
    var.set(&Tensor::full(value, var.shape(), var.device()).unwrap()).unwrap();
}

/// Checks the error that ends the run, and that no row, checkpoint or best of the first epoch is left.
fn first_epoch_fails(trainer: &mut Trainer) -> String {
    let error = trainer.run(&mut (), &|| false).unwrap_err();
    assert!(matches!(error, Error::NotFiniteValidation { epoch: 1, best: None, .. }), "{error}");
    let folder = &trainer.facts().folder;
    assert!(trainer.facts().state.best.is_none() && !folder.best().exists() && !folder.last().exists());
    assert_eq!(fs::read_to_string(folder.metrics()).unwrap().lines().count(), 1);
    error.to_string()
}

#[test]
fn a_running_statistic_that_is_not_finite_is_named() {
    for (name, value) in [
        ("stem.bn.running_mean", f32::NAN),
        ("blocks.2.expand_conv.bn.running_var", f32::INFINITY),
        ("head.project_conv.bn.running_var", f32::NAN),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let mut trainer = begin(tiny_config(""), &parent.path().join("run"));
        fill(trainer.facts().network.as_ref(), name, value);
        let error = first_epoch_fails(&mut trainer);
        assert_eq!(
            error,
            format!(
                "the run stopped after the steps of epoch 1, of which no checkpoint is kept: the validation is not finite, \
                 as `{name}` is not; begin a new run with a lower --lr"
            )
        );
    }
}

/// Every number of the network is finite, and a map that it makes is not.
#[test]
fn the_first_stage_whose_map_is_not_finite_is_named() {
    let (network, batch) = (tiny(1, 4), noise(1, 4));
    let what = || of_image(network.as_ref(), &batch.images, "a/7.png").unwrap();
    assert_eq!(what(), "what the head of the network puts out for a/7.png");
    fill(network.as_ref(), "blocks.2.project_conv.bn.weight", f32::MAX);
    fill(network.as_ref(), "blocks.2.project_conv.bn.running_var", 0.0);
    assert_eq!(what(), "what stage 2 of the network puts out for a/7.png");
}

#[test]
fn averaged_weights_are_named_as_such() {
    let parent = tempfile::tempdir().unwrap();
    let config = tiny_config("ema.decay = 0.99");
    let network = build_network(&config, &build_tiny, &tiny_spec(), 10).unwrap();
    let (params, name) = (network.params().clone(), "blocks.0.project_conv.bn.running_var");
    fill(network.as_ref(), name, f32::NAN);
    let folder = RunFolder::create(Some(&parent.path().join("run")), "tiny").unwrap();
    let split = few_digits(&config);
    let mut trainer = Trainer::begin(config, folder, split, network).unwrap();
    // The average keeps a value that the network no longer has.
    fill(trainer.facts().network.as_ref(), name, 1.0);
    let error = first_epoch_fails(&mut trainer);
    let what = format!("the validation of the averaged weights is not finite, as `{name}` is not");
    assert!(error.contains(&what), "{error}");
    let values: Vec<f32> = params.get(name).unwrap().to_vec1().unwrap();
    assert!(values.iter().all(|value| value.is_finite()), "the network has its own weights again");
}

#[test]
fn the_last_good_checkpoint_stands() {
    struct Break<'a>(&'a candle_core::Var);
    impl Watcher for Break<'_> {
        fn epoch(&mut self, _: &EpochDone<'_>) {
            let nan = Tensor::full(f32::NAN, self.0.shape(), self.0.device()).unwrap();
            self.0.set(&nan).unwrap();
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let mut trainer = begin(tiny_config("epochs = 3"), &path);
    let var = trainer.facts().network.params().get("stem.bn.running_var").unwrap();
    let error = trainer.run(&mut Break(&var), &|| false).unwrap_err();
    assert!(matches!(error, Error::NotFiniteValidation { epoch: 2, .. }), "{error}");
    let best = trainer.facts().folder.best();
    assert!(error.to_string().ends_with(&format!("--pretrained {}", best.display())), "{error}");
    assert_eq!(rows(&path), 2);
    drop(trainer);
    let mut trainer = resume(&path).unwrap();
    assert_eq!((trainer.facts().state.epoch, trainer.facts().state.best.unwrap().epoch), (1, 1));
    assert_eq!(trainer.run(&mut (), &|| false).unwrap(), Ended::Finished);
    assert_eq!(rows(&path), 4);
}

/// Lines of `metrics.csv`.
fn rows(run: &Path) -> usize {
    fs::read_to_string(run.join("metrics.csv")).unwrap().lines().count()
}
