//! EfficientNet-Lite0's real weights of ImageNet, against timm with the same weights.

use std::collections::HashMap;
use std::path::PathBuf;

use effnet_models::find;
use effnet_runtime::candle::{Device, Tensor, safetensors};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::weights::WeightsFile;

use super::models::values;

/// The most that logits may differ by. They have a deviation of 1.
const TOLERANCE: f32 = 1e-4;

/// The classes with the five highest logits, highest first.
fn top5(logits: &[f32]) -> Vec<usize> {
    let mut classes: Vec<_> = (0..logits.len()).collect();
    classes.sort_by(|left, right| logits[*right].total_cmp(&logits[*left]));
    classes.truncate(5);
    classes
}

/// The folder holds the checkpoint, and the pictures with timm's logits as `tests/real_weights/reference.py` writes them.
#[test]
#[ignore = "scripts/proof real-weights fetches its files"]
fn logits_are_timms() {
    let folder = PathBuf::from(std::env::var("REAL_WEIGHTS").expect("a folder in REAL_WEIGHTS"));
    let file = WeightsFile::open(folder.join("lite0.pth")).unwrap();
    let engine = Engine::open(&file, find("lite0").unwrap().spec(), None, &Options::default()).unwrap();
    let timm: HashMap<String, Tensor> = safetensors::load(folder.join("timm.safetensors"), &Device::Cpu).unwrap();
    let [ours, theirs] =
        [engine.forward(&timm["pictures"]).unwrap(), timm["logits"].clone()].map(|logits| values(&logits));
    let far = ours.iter().zip(&theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
    println!("logits of {} pictures differ by at most {far:.1e}", timm["pictures"].dims()[0]);
    assert!(far <= TOLERANCE, "{far}");
    assert!(!ours.is_empty() && ours.len() == theirs.len());
    for (ours, theirs) in ours.chunks(1000).zip(theirs.chunks(1000)) {
        assert_eq!(top5(ours), top5(theirs));
    }
}
