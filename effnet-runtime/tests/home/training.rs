use effnet_runtime::data::Batch;
use effnet_runtime::train::checkpoint::{self, Contents};
use effnet_runtime::train::optimizer::{AdamW, Decay, Optimizer};
use effnet_runtime::train::{Ema, Position, State, StepOptions, step};
use effnet_runtime::weights::{Purpose, WeightsFile, load};
use effnet_runtime::{Network, Params, Precision, Statistics};

use crate::{Small, images, sentence, state};

const OPTIONS: StepOptions<'_> = StepOptions {
    seed: 1,
    label_smoothing: 0.1,
    class_weights: None,
    dropout: 0.2,
    drop_path_scale: 1.0,
    precision: Precision::F32,
    statistics: &Statistics::Local,
};

fn batch() -> Batch {
    let (samples, positions) = ((0..4).collect(), (0..4).collect());
    Batch { number: 0, images: images(4), labels: vec![0, 1, 2, 3], samples, positions, partners: None }
}

fn new_optimizer() -> Optimizer {
    Optimizer::new(AdamW::default(), Decay { rate: 0.1, vectors: false, except: vec!["head.*".into()] })
}

/// What two steps leave, with decay, an average and a checkpoint, which is read again into `again`.
fn trained(network: &dyn Network, again: &dyn Network) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let (mut optimizer, mut ema) = (new_optimizer(), Ema::new(0.9, network.params()).unwrap());
    for number in 0..2 {
        step(network, &mut optimizer, &[batch()], &OPTIONS, number, 0.01).unwrap();
        ema.update(network.params()).unwrap();
    }
    let state = State {
        epoch: 1,
        step: 2,
        position: Position::default(),
        best: None,
        optimizer: "adamw".into(),
        optimizer_steps: 2,
        ema_updates: Some(2),
        train_images: 4,
    };
    let labels = ["a", "b", "c", "d"].map(str::to_owned);
    let contents =
        Contents { network, name: "small", labels: &labels, optimizer: &optimizer, ema: Some(&ema), state: &state };
    checkpoint::save(&path, &contents).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    let saved = checkpoint::read(&file).unwrap();
    let restored = checkpoint::restore(&file, &saved.state, again, &mut new_optimizer(), 0.9).unwrap();
    assert_eq!(restored.map(|ema| ema.updates()), Some(2));
    assert_eq!(crate::state(network.params()), crate::state(again.params()));
    std::fs::read(&path).unwrap()
}

/// A run's steps, its average and its checkpoint know nothing of the prefix.
#[test]
fn a_body_trains_and_resumes_as_at_the_root() {
    let root = Small::new(4, Params::new(1).builder()).unwrap();
    let below = Small::new(4, Params::new(2).builder().pp("a").pp("body")).unwrap();
    for (name, var) in root.params().all() {
        below.params().get(&name).unwrap().set(&var).unwrap();
    }
    let other = Small::new(4, Params::new(3).builder().pp("other")).unwrap();
    let again = Small::new(4, Params::new(4).builder()).unwrap();
    assert!(trained(&root, &other) == trained(&below, &again), "the checkpoints differ");
    assert_eq!(state(other.params()), state(again.params()));
}

#[test]
fn what_is_not_finite_is_named() {
    let body = Small::new(4, Params::new(2).builder().pp("body")).unwrap();
    let gamma = body.params().get("blocks.1.expand_conv.bn.weight").unwrap();
    gamma.set(&gamma.affine(f64::INFINITY, 0.0).unwrap()).unwrap();
    let said = sentence(step(&body, &mut new_optimizer(), &[batch()], &OPTIONS, 0, 0.01));
    assert!(said.contains("`blocks.1.expand_conv.bn.weight`"), "{said}");
    // Finite weights whose product is not: the first norm behind it is named.
    gamma.set(&gamma.ones_like().unwrap().affine(3e38, 0.0).unwrap()).unwrap();
    let said = sentence(step(&body, &mut new_optimizer(), &[batch()], &OPTIONS, 0, 0.01));
    assert!(said.contains("the one in front of `blocks.1.project_conv.bn`"), "{said}");
    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("damaged.safetensors");
    gamma.set(&gamma.affine(f64::INFINITY, 0.0).unwrap()).unwrap();
    checkpoint::save_weights(&path, &body, "small", &[]).unwrap();
    let said = sentence(load(&WeightsFile::open(&path).unwrap(), &body, Purpose::Restore));
    assert!(said.contains("`blocks.1.expand_conv.bn.weight`"), "{said}");
}
