//! The number of compute threads changes no bit.

use std::sync::Arc;

use effnet_runtime::candle::Device;
use effnet_runtime::threads::Pool;
use effnet_runtime::{Pass, Precision};

use super::fixture::{Golden, bits};
use super::mixed::{fingerprint, train_pass};
use super::models;

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    let run = |threads: usize| {
        Arc::new(Pool::new(threads)).install(|| {
            models::all_mixed(&file, &Device::Cpu)
                .into_iter()
                .map(|(name, network)| {
                    let eval = bits(&network.run(golden.get("x"), &Pass::Eval(Precision::F32)).unwrap());
                    (name, eval, fingerprint(&train_pass(network.as_ref(), &golden), network.params()))
                })
                .collect::<Vec<_>>()
        })
    };
    let alone = run(1);
    for threads in [2, 3] {
        for ((name, eval, trained), expected) in run(threads).into_iter().zip(&alone) {
            assert_eq!(eval, expected.1, "{name}: logits of {threads} threads");
            for (mine, first) in trained.iter().zip(&expected.2) {
                assert_eq!(mine, first, "{name}: {threads} threads");
            }
        }
    }
}
