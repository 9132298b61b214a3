//! Damaged checkpoints.

use std::path::Path;

use effnet_runtime::candle::{Device, Result, Var};
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::train::checkpoint::{self, Contents};
use effnet_runtime::train::optimizer::{AdamW, Decay, Optimizer};
use effnet_runtime::train::{Ema, State};
use effnet_runtime::weights::{self, Metadata, WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network, Params};
use effnet_spec::{Operator, Row, Settings, Spec};

use crate::{SLACK, allocator, survive};

/// A network of a few thousand weights with the optimizer of its run.
struct Run {
    network: DynamicModel,
    optimizer: Optimizer,
}

impl Run {
    fn new(seed: u64) -> Result<Self> {
        let rows = vec![
            Row::new(1, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
            Row::new(1, 3, 2, 2, 8, 8, Operator::Fused, 0.0),
            Row::new(1, 3, 2, 4, 8, 16, Operator::MbConv, 0.25),
        ];
        let settings = Settings { num_features: 32, ..Settings::DEFAULT };
        let spec = Spec { name: "Tiny".into(), rows: rows.into(), settings };
        let network = DynamicModel::from_spec(&spec, 4, Params::new(seed).builder())?;
        let mut optimizer = Optimizer::new(AdamW::default(), Decay { rate: 0.1, vectors: false, ..Decay::default() });
        let size = |name: &str| network.params().get(name).map(|weight| weight.elem_count());
        optimizer.restore(network.params(), 2, |_, name| Some(vec![0.5; size(name)?]))?;
        Ok(Self { network, optimizer })
    }

    /// Reads every tensor of a checkpoint, builds its network as `predict` does, and goes on from it as `--resume` does;
    /// whether it could.
    fn resume(&mut self, path: &Path) -> bool {
        let Ok(file) = WeightsFile::open(path) else { return false };
        let names: Vec<String> = file.tensors().map(|(name, _)| name.to_owned()).collect();
        names.iter().for_each(|name| drop(file.read(name, &Device::Cpu)));
        if let Some(metadata) = file.metadata() {
            let build = |classes, vb: VarBuilder<'static>| DynamicModel::from_spec(&metadata.spec, classes, vb);
            let _ = read_network(&file, &metadata.spec, None, &Device::Cpu, build);
        }
        let Ok(saved) = checkpoint::read(&file) else { return false };
        checkpoint::restore(&file, &saved.state, &self.network, &mut self.optimizer, 0.9).is_ok()
    }
}

/// Writes the checkpoint of a run.
fn write(run: &Run, path: &Path) {
    let ema = Ema::new(0.9, run.network.params()).unwrap();
    let optimizer = run.optimizer.name().into();
    let state = State { optimizer, optimizer_steps: 2, ema_updates: Some(2), step: 17, ..State::default() };
    let labels = ["a", "b", "c", "d"].map(str::to_owned);
    let contents = Contents {
        network: &run.network,
        name: "tiny",
        labels: &labels,
        optimizer: &run.optimizer,
        ema: Some(&ema),
        state: &state,
    };
    checkpoint::save(path, &contents).unwrap();
}

#[test]
fn mutated_checkpoints_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    write(&Run::new(0).unwrap(), &path);
    let file = std::fs::read(&path).unwrap();
    let other = std::cell::RefCell::new(Run::new(1).unwrap());
    assert!(other.borrow_mut().resume(&path), "the checkpoint is whole");
    survive("checkpoint", &path, &[file], SLACK, |path| other.borrow_mut().resume(path));
}

#[test]
fn a_checkpoint_with_a_value_that_is_no_number_is_no_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["whole", "damaged"].map(|name| folder.path().join(name));
    write(&Run::new(0).unwrap(), &paths[0]);
    let whole = WeightsFile::open(&paths[0]).unwrap();
    let saved = checkpoint::read(&whole).unwrap();
    let read = |name: &str| whole.read(name, &Device::Cpu).unwrap();
    for damaged in [
        "stem.conv.weight",
        "blocks.2.dwconv.bn.running_var",
        "head.classifier.bias",
        "training.ema.head.classifier.weight",
        "training.optimizer.square.stem.conv.weight",
    ] {
        let tensors = whole.tensors().map(|(name, _)| {
            let bad = if name == damaged { f64::NAN } else { 0.0 };
            (name.to_owned(), (read(name) + bad).unwrap())
        });
        weights::save(&paths[1], tensors, &saved.metadata).unwrap();
        let mut run = Run::new(1).unwrap();
        let weights = |run: &Run| -> Vec<Vec<u32>> {
            let bits = |var: Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits);
            run.network.params().all().into_iter().map(|(_, var)| bits(var).collect()).collect()
        };
        let before = weights(&run);
        let file = WeightsFile::open(&paths[1]).unwrap();
        let error = checkpoint::restore(&file, &saved.state, &run.network, &mut run.optimizer, 0.9).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{damaged}` in ")), "{error}");
        assert!(damaged.starts_with("training.") || weights(&run) == before, "{damaged}: the network has changed");
    }
}

#[test]
fn a_table_that_describes_far_more_than_the_file_holds_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let network = Run::new(0).unwrap().network;
    let mut metadata = Metadata::of(&network, "tiny", &["a", "b", "c", "d"].map(str::to_owned));
    metadata.spec.settings.num_features = 200_000;
    let tensors = network.params().all().into_iter().map(|(name, var)| (name, var.as_detached_tensor()));
    weights::save(&path, tensors, &metadata).unwrap();
    let _alone = allocator::alone();
    let (error, peak) = allocator::peak(|| {
        let file = WeightsFile::open(&path).unwrap();
        let build = |classes, vb: VarBuilder<'static>| DynamicModel::from_spec(&metadata.spec, classes, vb);
        read_network(&file, &metadata.spec, None, &Device::Cpu, build).expect_err("an error").to_string()
    });
    assert!(
        error.contains("its table describes a network of 4") && error.contains(" weights, and it holds "),
        "{error}"
    );
    assert!(peak <= 2 * std::fs::metadata(&path).unwrap().len() as usize + SLACK, "{peak}");
}
