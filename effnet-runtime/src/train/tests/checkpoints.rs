use std::fs;
use std::path::Path;

use super::{OPTIONS, averages, bits, build_tiny, memory, noise, tiny, tiny_spec};
use crate::train::checkpoint::Contents;
use crate::train::optimizer::{AdamW, Decay, Optimizer, Sgd};
use crate::train::{Best, Ema, Position, State, StepOptions, checkpoint, step};
use crate::weights::{WeightsFile, read_network};
use crate::{DynamicModel, Network};

const DECAY: Decay = Decay { rate: 0.1, vectors: false, except: Vec::new() };

fn labels() -> Vec<String> {
    ["a", "b", "c", "d"].map(str::to_owned).to_vec()
}

/// A network and its optimizer after two steps, and a state with awkward numbers.
fn trained() -> (Box<dyn Network>, Optimizer, State) {
    let (network, mut optimizer) = (tiny(1, 4), Optimizer::new(AdamW::default(), DECAY));
    let options = StepOptions { drop_path_scale: 1.0, ..OPTIONS };
    for number in 0..2 {
        step(network.as_ref(), &mut optimizer, &[noise(8, 4)], &options, number, 0.01).unwrap();
    }
    let state = State {
        epoch: 3,
        step: 17,
        position: Position { batches: 2, images: 15, loss_sum: 0.1 + 0.2 },
        best: Some(Best { epoch: 2, top1: 1.0 / 3.0, averaged: false, right: Some(7) }),
        optimizer: "adamw".into(),
        optimizer_steps: 2,
        ema_updates: None,
        train_images: 41,
    };
    (network, optimizer, state)
}

fn write(path: &Path, network: &dyn Network, optimizer: &Optimizer, state: &State) {
    let contents = Contents { network, name: "tiny", labels: &labels(), optimizer, ema: None, state };
    checkpoint::save(path, &contents).unwrap();
}

#[test]
fn a_checkpoint_gives_everything_back_to_the_bit() {
    let (network, optimizer, state) = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&path, network.as_ref(), &optimizer, &state);

    let (other, mut other_optimizer) = (tiny(2, 4), Optimizer::new(AdamW::default(), DECAY));
    let file = WeightsFile::open(&path).unwrap();
    let saved = checkpoint::read(&file).unwrap();
    assert_eq!(saved.state, state);
    assert_eq!((saved.metadata.name.as_str(), saved.metadata.labels), ("tiny", labels()));
    checkpoint::restore(&file, &state, other.as_ref(), &mut other_optimizer, 0.0).unwrap();
    assert_eq!(bits(network.as_ref()), bits(other.as_ref()));
    assert_eq!(memory(&optimizer), memory(&other_optimizer));
}

/// A state from before runs remembered an image that they classify rightly.
#[test]
fn a_state_without_a_right_sample_is_read() {
    let (_, _, state) = trained();
    let mut json = serde_json::to_value(&state).unwrap();
    assert!(json["best"].as_object_mut().unwrap().remove("right").is_some());
    let best = state.best.map(|best| Best { right: None, ..best });
    assert_eq!(serde_json::from_value::<State>(json).unwrap(), State { best, ..state });
}

#[test]
fn bytes_depend_on_the_state_alone() {
    let (network, optimizer, state) = trained();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, state: &State| {
        let path = folder.path().join(name);
        write(&path, network.as_ref(), &optimizer, state);
        fs::read(path).unwrap()
    };
    assert_eq!(write("a.safetensors", &state), write("b.safetensors", &state));
    assert_ne!(write("a.safetensors", &state), write("b.safetensors", &State { step: 18, ..state.clone() }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "temporary files are left");
}

#[test]
fn a_checkpoint_is_a_weights_file_that_needs_nothing_else() {
    let (network, optimizer, state) = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&path, network.as_ref(), &optimizer, &state);
    let file = WeightsFile::open(&path).unwrap();
    let spec = file.metadata().unwrap().spec.clone();
    assert_eq!(spec, tiny_spec());
    let loaded = read_network(&file, &spec, None, &candle_core::Device::Cpu, |classes, vb| {
        DynamicModel::from_spec(&spec, classes, vb)
    });
    let loaded = loaded.unwrap();
    assert_eq!(bits(network.as_ref()), bits(&loaded));
    assert_eq!(loaded.dialect(), network.dialect());
}

#[test]
fn another_optimizer_or_network_is_refused() {
    let (network, optimizer, state) = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&path, network.as_ref(), &optimizer, &state);
    let file = WeightsFile::open(&path).unwrap();

    let mut sgd = Optimizer::new(Sgd::default(), DECAY);
    let error = checkpoint::restore(&file, &state, network.as_ref(), &mut sgd, 0.0).unwrap_err().to_string();
    assert!(error.contains("optimizer adamw") && error.contains("sgd"), "{error}");

    let other = build_tiny(5, crate::Params::new(1).builder()).unwrap();
    let mut adamw = Optimizer::new(AdamW::default(), DECAY);
    let error = checkpoint::restore(&file, &state, other.as_ref(), &mut adamw, 0.0).unwrap_err().to_string();
    assert!(error.contains("head.classifier"), "{error}");
}

#[test]
fn plain_weights_are_no_checkpoint() {
    let network = tiny(1, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensors = network.params().all().into_iter().map(|(name, var)| (name, var.as_detached_tensor()));
    let metadata = crate::weights::Metadata::of(network.as_ref(), "tiny", &labels());
    crate::weights::save(&path, tensors, &metadata).unwrap();
    let error = checkpoint::read(&WeightsFile::open(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("no state of a run"), "{error}");
}

#[test]
fn an_average_comes_back_to_the_bit() {
    let (network, optimizer, state) = trained();
    let mut ema = Ema::new(0.999, tiny(3, 4).params()).unwrap();
    (0..3).for_each(|_| ema.update(network.params()).unwrap());
    let state = State { ema_updates: Some(3), ..state };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let (network, labels) = (network.as_ref(), labels());
    let contents =
        Contents { network, name: "tiny", labels: &labels, optimizer: &optimizer, ema: Some(&ema), state: &state };
    checkpoint::save(&path, &contents).unwrap();
    let (other, mut adamw) = (tiny(2, 4), Optimizer::new(AdamW::default(), DECAY));
    let file = WeightsFile::open(&path).unwrap();
    let restored = checkpoint::restore(&file, &state, other.as_ref(), &mut adamw, 0.999).unwrap();
    assert_eq!(averages(&restored.unwrap()), averages(&ema));
    assert_eq!(bits(other.as_ref()), bits(network));
}

/// A state that the CPU wrote, read onto a GPU, and written from there.
#[cfg(feature = "cuda")]
#[test]
fn a_state_on_cuda_has_the_same_bytes() {
    let (network, optimizer, state) = trained();
    let mut ema = Ema::new(0.999, tiny(3, 4).params()).unwrap();
    ema.update(network.params()).unwrap();
    let state = State { ema_updates: Some(1), ..state };
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, network: &dyn Network, optimizer: &Optimizer, ema: &Ema| {
        let path = folder.path().join(name);
        let labels = labels();
        let contents = Contents { network, name: "tiny", labels: &labels, optimizer, ema: Some(ema), state: &state };
        checkpoint::save(&path, &contents).unwrap();
        path
    };
    let written = save("cpu.safetensors", network.as_ref(), &optimizer, &ema);

    let device = crate::device::open("cuda").unwrap().device;
    let other = build_tiny(4, crate::Params::on(2, &device).builder()).unwrap();
    let mut adamw = Optimizer::new(AdamW::default(), DECAY);
    let file = WeightsFile::open(&written).unwrap();
    let restored = checkpoint::restore(&file, &state, other.as_ref(), &mut adamw, 0.999).unwrap().unwrap();
    let again = save("cuda.safetensors", other.as_ref(), &adamw, &restored);
    assert_eq!(fs::read(written).unwrap(), fs::read(again).unwrap());
}
