use std::collections::HashMap;

use effnet_runtime::candle::{Device, safetensors};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::Padding;
use effnet_runtime::weights::{Convention, NamePair, Scheme, WeightsFile, read_network};
use effnet_runtime::{Dialect, Network, Params};

use crate::{Small, bits, images};

/// timm's names say nothing of padding, so that somebody must; here it is whoever trained them in a way of his own.
#[test]
fn a_dialect_of_ones_own_serves_wherever_a_convention_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("timm.safetensors");
    let trained = Small::new(10, Params::new(5).builder()).unwrap();
    let pairs = Scheme::Timm.pairs(&Small::SPEC).unwrap().into_iter();
    let theirs: HashMap<_, _> = pairs
        .map(|NamePair { ours, theirs, .. }| (theirs, trained.params().get(&ours).unwrap().as_detached_tensor()))
        .collect();
    safetensors::save(&theirs, &path).unwrap();
    let file = WeightsFile::open(&path).unwrap();

    let timm = Convention::Timm.dialect(&Small::SPEC);
    let own = Dialect { padding: Padding::Same, mean: vec![0.25], std: vec![0.125], test_size: 48, ..timm.clone() };
    assert_eq!(file.dialect(&Small::SPEC, own.clone()).unwrap(), own);
    assert_eq!(file.dialect(&Small::SPEC, Convention::Timm).unwrap(), timm);
    let network = read_network(&file, &Small::SPEC, own.clone(), &Device::Cpu, Small::new).unwrap();
    assert_eq!(network.dialect(), &own);
    let engine = Engine::open(&file, &Small::SPEC, own, &Options::default()).unwrap();
    let built = Engine::new(&network, &Options::default()).unwrap();
    let symmetric = Engine::open(&file, &Small::SPEC, Convention::Timm, &Options::default()).unwrap();
    let [engine, built, symmetric] =
        [engine, built, symmetric].map(|engine| bits(&engine.forward(&images(1)).unwrap()));
    assert_eq!(engine, built);
    assert_ne!(engine, symmetric);
}
