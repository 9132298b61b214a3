//! effnet's side of the proof `foreign-weights` for Keras: reads what Keras made, computes what it computed, and writes its
//! weights back for it to compare.

use std::path::PathBuf;

use effnet_models::find;
use effnet_runtime::Eval;
use effnet_runtime::candle::{Device, Module, Tensor};
use effnet_runtime::weights::{Metadata, NumberFormat, Scheme, WeightsFile, export_as, read_network};

/// Logits of two implementations, which add in different orders, in deviations.
const AGREE: f32 = 1e-4;

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest difference, in deviations of what is expected.
fn difference(found: &Tensor, expected: &Tensor) -> f32 {
    let (found, expected) = (values(found), values(expected));
    let mean = expected.iter().sum::<f32>() / expected.len() as f32;
    let variance = expected.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / expected.len() as f32;
    let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    differences.fold(0.0, f32::max) / variance.sqrt()
}

#[test]
#[ignore = "needs what tests/foreign_weights/keras_side.py makes: run by scripts/proof foreign-weights"]
fn keras_weights_there_and_back() {
    let folder = PathBuf::from(std::env::var_os("FOREIGN_WEIGHTS").expect("the folder"));
    for name in std::env::var("FOREIGN_VARIANTS").expect("names of variants").split_whitespace() {
        let path = |end: &str| folder.join(format!("{name}{end}"));
        let variant = find(name).unwrap();
        let reference = WeightsFile::open(path(".safetensors")).unwrap();
        let [images, logits] = ["input", "logits"].map(|name| reference.read_f32(name, &Device::Cpu).unwrap());
        let networks = [".keras", ".h5", ".weights.h5"].map(|end| {
            let file = WeightsFile::open(path(end)).unwrap();
            let build = |classes, vb| variant.build(classes, vb);
            let network = read_network(&file, variant.spec(), None, &Device::Cpu, build).unwrap();
            let apart = difference(&Eval::new(&network).forward(&images).unwrap(), &logits);
            println!("logits of {name}{end} differ by at most {apart:.1e} of their deviation from Keras's");
            assert!(apart <= AGREE);
            network
        });
        let about = Metadata::of(&networks[0], name, &[]);
        for end in [".back.weights.h5", ".back.h5"] {
            export_as(path(end), &networks[0], &about, Scheme::Keras, NumberFormat::F32).unwrap();
        }
    }
}
