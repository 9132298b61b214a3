//! `seed.pth`: a checkpoint of the WZMIAOMIAO model, as `torch.save` writes it.

use effnet_runtime::candle::Device;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::{Scheme, WeightsFile};
use effnet_runtime::{Pass, Precision};

use super::fixture::{Golden, close, path};
use super::models;

const EVAL: f32 = 1e-4;

#[test]
fn evaluation() {
    let golden = Golden::read("seed_io.safetensors");
    let file = WeightsFile::open(path("seed.pth")).unwrap();
    assert_eq!(file.scheme().unwrap(), Scheme::Own);
    for (name, network) in models::all_mixed(&file, &Device::Cpu) {
        let logits = network.run(golden.get("x"), &Pass::Eval(Precision::F32)).unwrap();
        close(&format!("{name}'s logits"), &logits, golden.get("eval_logits"), EVAL);
        let engine = Engine::new(network.as_ref(), &Options::default()).unwrap();
        let logits = engine.forward(golden.get("x")).unwrap();
        close(&format!("the engine's logits of {name}"), &logits, golden.get("eval_logits"), EVAL);
    }
}
