//! `same.safetensors`: timm's EfficientNet with TensorFlow's padding, which is asymmetric at stride 2 on even sizes.

use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::Convention;
use effnet_runtime::{Pass, Precision};

use super::fixture::{Golden, close};
use super::models;

const EVAL: f32 = 1e-4;

#[test]
fn evaluation_of_even_and_odd_images() {
    let golden = Golden::read("same.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_same(&file, Convention::TimmTf) {
        for parity in ["even", "odd"] {
            let images = golden.get(&format!("x_{parity}"));
            let logits = network.run(images, &Pass::Eval(Precision::F32)).unwrap();
            let expected = golden.get(&format!("eval_logits_{parity}"));
            close(&format!("{name}'s logits of {parity} images"), &logits, expected, EVAL);
            let logits = Engine::new(network.as_ref(), &Options::default()).unwrap().forward(images).unwrap();
            close(&format!("the engine's logits of {parity} images, of {name}"), &logits, expected, EVAL);
        }
    }
}

/// What the test above would not see if the dialect did nothing: padding and epsilon matter.
#[test]
fn another_dialect_gives_other_logits() {
    let golden = Golden::read("same.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_same(&file, Convention::Timm) {
        let logits = network.run(golden.get("x_even"), &Pass::Eval(Precision::F32)).unwrap();
        let off = (logits - golden.get("eval_logits_even")).unwrap().abs().unwrap().max_all().unwrap();
        assert!(off.to_scalar::<f32>().unwrap() > 1e-2, "{name}");
    }
}
