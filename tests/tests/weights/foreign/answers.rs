//! The logits of PyTorch's programs on weights that a formula gives, as `answers.py` wrote them: small enough for every run
//! of the tests, where `live` needs the programs.

use std::collections::HashMap;
use std::path::Path;

use effnet_runtime::candle::{Device, Tensor, safetensors};
use effnet_tests::formula::{images, weights};
use tempfile::TempDir;

use super::super::models::state;
use super::{Common, ends};

const CLASSES: usize = 10;

/// Squares of normalisations, and logits, by program and variant.
fn answers() -> HashMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights/foreign/answers.safetensors");
    safetensors::load(path, &Device::Cpu).unwrap()
}

fn comes_back(program: &str, name: &str, answers: &HashMap<String, Tensor>) {
    let folder = TempDir::new().unwrap();
    let common = Common::find(program, name);
    let answer = |kind: &str| &answers[&format!("{program} {name} {kind}")];
    let path = folder.path().join("weights.safetensors");
    let squares = answer("squares").to_vec1().unwrap();
    safetensors::save(&weights(common.scheme, &common.spec, CLASSES, &squares).unwrap(), &path).unwrap();
    let (network, _) = common.hold(&path, &images(&[2, 3, 64, 81]).unwrap(), answer("logits"));
    let expected = state(&network);
    for path in common.write(folder.path(), ends(common.scheme).1, &*network) {
        assert!(state(&common.read(&path).1) == expected, "{}", path.display());
    }
}

#[test]
fn weights_by_a_formula_give_the_logits_of_other_programs_and_come_back() {
    let answers = answers();
    let mut networks: Vec<_> = answers.keys().filter_map(|key| key.strip_suffix(" logits")).collect();
    networks.sort_unstable();
    let expected = [
        "lukemelas efficientnet-b0",
        "lukemelas lite0",
        "lukemelas tiny-mbconv",
        "timm b0",
        "timm efficientnet-b0",
        "timm lite0",
        "timm tiny",
        "torchvision efficientnet-b0",
        "torchvision tiny",
    ];
    assert_eq!(networks, expected);
    for network in networks {
        let (program, name) = network.split_once(' ').unwrap();
        comes_back(program, name, &answers);
    }
}
