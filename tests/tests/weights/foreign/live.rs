//! effnet's side of the proof `foreign-weights`: reads what a program made, computes what it computed, and writes its
//! weights back for it to compare.

use std::path::PathBuf;

use effnet_runtime::candle::Device;
use effnet_runtime::weights::WeightsFile;

use super::{Common, ends};

#[test]
#[ignore = "needs what tests/foreign_weights makes of other programs: run by scripts/proof foreign-weights"]
fn weights_there_and_back() {
    let said = |name: &str| std::env::var(name).expect(name);
    let folder = PathBuf::from(said("FOREIGN_WEIGHTS"));
    let common = Common::find(&said("FOREIGN_PROGRAM"), &said("FOREIGN_VARIANT"));
    let reference = WeightsFile::open(folder.join("reference.safetensors")).unwrap();
    let [images, logits] = ["input", "logits"].map(|name| reference.read_f32(name, &Device::Cpu).unwrap());
    let (there, back) = ends(common.scheme);
    let mut furthest = 0.0f32;
    let mut read = None;
    for end in there {
        let (network, apart) = common.hold(&folder.join(format!("weights{end}")), &images, &logits);
        (furthest, read) = (furthest.max(apart), Some(network));
    }
    println!("logits within {furthest:.1e} of their deviation here by {}", there.join(", "));
    std::fs::create_dir(folder.join("back")).unwrap();
    common.write(&folder.join("back"), back, &*read.unwrap());
}
