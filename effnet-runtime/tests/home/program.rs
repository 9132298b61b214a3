use effnet_runtime::Dialect;
use effnet_runtime::candle::{Device, Tensor, safetensors};
use effnet_runtime::candle_nn::{self as nn, ModuleT};
use effnet_runtime::spec::Padding;
use effnet_runtime::weights::{self, Error, Purpose, WeightsFile};
use effnet_runtime::{Network, Params};

use crate::{Regressor, Small, bits, images, sentence, state};

#[test]
fn a_program_saves_and_loads_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regressor.safetensors");
    let params = Params::new(7);
    let net = Regressor::new(params.builder()).unwrap();
    params.save(&path).unwrap();
    let first = std::fs::read(&path).unwrap();
    params.save(&path).unwrap();
    assert_eq!(first, std::fs::read(&path).unwrap(), "the bytes depend on nothing but the weights");

    let other = Params::for_loading(None, &Device::Cpu);
    let again = Regressor::new(other.builder()).unwrap();
    other.load(&path).unwrap();
    assert_eq!(state(&params), state(&other));
    let [net, again] = [net, again].map(|net| bits(&net.forward_t(&images(2), false).unwrap()));
    assert_eq!(net, again);
    // candle reads it too.
    let tensors = safetensors::load(&path, &Device::Cpu).unwrap();
    assert_eq!(tensors.len(), params.all().len());
    assert_eq!(bits(&tensors["last.weight"]), bits(&params.get("last.weight").unwrap()));
    // The body alone can be taken out of it.
    let body = Small::new(6, Params::new(1).builder()).unwrap();
    let loaded = weights::load(&WeightsFile::open(&path).unwrap(), &body, Purpose::Restore).unwrap();
    assert_eq!(loaded.left_out, ["last.bias", "last.weight"]);
    assert_eq!(state(body.params()), state(Regressor::new(params.builder()).unwrap().body.params()));
}

#[test]
fn what_does_not_fit_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.safetensors");
    let params = Params::new(7);
    Regressor::new(params.builder()).unwrap();
    params.save(&path).unwrap();

    let other = Params::new(1);
    Small::new(4, other.builder().pp("body")).unwrap();
    nn::linear(4, 1, other.builder().pp("ultimate")).unwrap();
    let before = state(&other);
    let Err(Error::Mismatch(mismatch)) = other.load(&path) else { panic!("a mismatch was expected") };
    assert_eq!(mismatch.missing, ["ultimate.bias", "ultimate.weight"]);
    assert_eq!(mismatch.unexpected, ["last.bias", "last.weight"]);
    let wrong: Vec<_> = mismatch.wrong_shape.iter().map(|wrong| wrong.name.as_str()).collect();
    assert_eq!(wrong, ["body.head.classifier.bias", "body.head.classifier.weight"]);
    let said = mismatch.to_string();
    assert!(said.contains("do not fit the parameters: 2 missing (`ultimate.bias`, `ultimate.weight`)"), "{said}");
    assert!(said.ends_with("; the nearest to `ultimate.bias` in the file: `last.bias`, `last.weight`"), "{said}");

    // One weight of a file that fits is damaged: the others must not have changed.
    let zeros = Tensor::zeros(1, effnet_runtime::candle::DType::F32, &Device::Cpu).unwrap();
    let nan = params.get("last.bias").unwrap();
    nan.set(&(&zeros / &zeros).unwrap()).unwrap();
    params.save(&path).unwrap();
    let same = Params::new(1);
    Regressor::new(same.builder()).unwrap();
    let before_same = state(&same);
    let said = sentence(same.load(&path));
    assert!(said.contains("`last.bias`") && said.contains("NaN"), "{said}");
    assert_eq!((state(&same), state(&other)), (before_same, before));
}

#[test]
fn a_program_for_another_padding_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("same.safetensors");
    let table = Dialect::of(&Small::SPEC.settings);
    let same = Dialect { padding: Padding::Same, mean: vec![0.1], ..table.clone() };
    let params = Params::new(7).with_dialect(same.clone());
    Regressor::new(params.builder()).unwrap();
    params.save(&path).unwrap();

    // The file says how to build.
    assert_eq!(WeightsFile::open(&path).unwrap().dialect(&Small::SPEC, None).unwrap(), same);
    for (dialect, says) in [(Some(table), "`symmetric`"), (None, "of their tables")] {
        let other = Params::for_loading(dialect, &Device::Cpu);
        Regressor::new(other.builder()).unwrap();
        let said = sentence(other.load(&path));
        assert!(said.contains("assume `same` padding") && said.contains(says), "{said}");
        assert!(said.ends_with("build it with the file's dialect"), "{said}");
    }
    let other = Params::for_loading(Some(same), &Device::Cpu);
    let net = Regressor::new(other.builder()).unwrap();
    other.load(&path).unwrap();
    assert_eq!(net.body.dialect().padding, Padding::Same);
}
