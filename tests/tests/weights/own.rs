//! Files of our own.

use effnet_runtime::candle::Device;
use effnet_runtime::spec::Padding;
use effnet_runtime::weights::{Metadata, TRAINING_PREFIX, WeightsFile, read_network, save};
use effnet_runtime::{Dialect, DynamicModel, Network, Params, Pass, Precision};
use tempfile::TempDir;

use super::models::{bits, images, network, spec, state, tensors, write};

/// The network that a file brings, from nothing but the file.
fn open(file: &WeightsFile) -> DynamicModel {
    let spec = &file.require_metadata().unwrap().spec;
    read_network(file, spec, None, &Device::Cpu, |classes, vb| DynamicModel::from_spec(spec, classes, vb)).unwrap()
}

#[test]
fn a_file_brings_its_network() {
    let folder = TempDir::new().unwrap();
    let dialect = Dialect { padding: Padding::Same, bn_eps: 1e-5, ..Dialect::of(&spec(8).settings) };
    let params = Params::new(4).with_dialect(dialect.clone());
    let written = DynamicModel::from_spec(&spec(8), 5, params.builder()).unwrap();
    let file = write(&written, &folder.path().join("w.safetensors"));

    let read = open(&file);
    assert_eq!(read.dialect(), &dialect);
    assert_eq!(read.spec(), written.spec());
    assert_eq!(read.num_classes(), 5);
    assert_eq!(file.require_metadata().unwrap().labels[4], "class 4");
    assert_eq!(state(&read), state(&written));
    let logits = |network: &DynamicModel| bits(&network.run(&images(), &Pass::Eval(Precision::F32)).unwrap());
    assert_eq!(logits(&read), logits(&written));
}

#[test]
fn what_was_read_writes_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let paths = [folder.path().join("one"), folder.path().join("two")];
    let file = write(&network(&spec(12), 3, 1), &paths[0]);
    let metadata = file.require_metadata().unwrap();
    save(&paths[1], tensors(&open(&file)), metadata).unwrap();
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
}

#[test]
fn a_checkpoint_is_a_weights_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("last.safetensors");
    let written = network(&spec(8), 3, 1);
    let mut all = tensors(&written);
    let (name, first) = all[0].clone();
    all.push((format!("{TRAINING_PREFIX}optimizer.momentum.{name}"), first));
    save(&path, all, &Metadata::of(&written, "small", &[])).unwrap();
    assert_eq!(state(&open(&WeightsFile::open(&path).unwrap())), state(&written));
}
