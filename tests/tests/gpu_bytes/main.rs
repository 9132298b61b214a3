//! The bytes that a training step must move on a GPU, those that our kernels do, and what time follows from that: the
//! table in BENCHMARKS.md. Set `EFFNET_BLESS` to write it there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod report;
mod step;

use effnet_models::EfficientNetV2S;
use effnet_runtime::efficientnet_v2;
use effnet_spec::Size;
use effnet_spec::plan::{ConvKind, LayerKind};

use self::step::{Kind, Pass, step};

/// What the table is of: S at its size of training, the batch of timm's figure, ImageNet's classes.
const SIDE: usize = 300;
const BATCH: u64 = 128;
const CLASSES: u64 = 1000;

#[test]
fn the_table_in_the_benchmarks_is_the_counted_one() {
    let works = step(&EfficientNetV2S::SPEC, SIDE, BATCH, CLASSES);
    let table = report::table(&works, BATCH);
    println!("{table}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../BENCHMARKS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(report::BEGIN).expect("BENCHMARKS.md has the table's first mark");
    let (found, after) = rest.split_once(report::END).expect("BENCHMARKS.md has the table's last mark");
    if std::env::var_os("EFFNET_BLESS").is_some() {
        let text = format!("{before}{}\n{table}{}{after}", report::BEGIN, report::END);
        std::fs::write(path, text).unwrap();
    } else {
        assert!(found.trim() == table.trim(), "the count changed; look at it, and set EFFNET_BLESS to accept it");
    }
}

#[test]
fn products_are_those_that_the_spec_counts() {
    let spec = &EfficientNetV2S::SPEC;
    let works = step(spec, SIDE, BATCH, CLASSES);
    let forward: u64 = works.iter().filter(|work| work.pass == Pass::Forward).map(|work| work.products).sum();
    // The spec counts depthwise convolutions and squeeze-and-excitations too; they are no matrix products here.
    let mut others = 0;
    let mut size = spec.stem_conv().output(Size::square(SIDE));
    for block in spec.blocks() {
        for layer in block.layers() {
            let is_product = matches!(layer.kind, LayerKind::Conv(conv) if conv.kind == ConvKind::Dense);
            others += if is_product { 0 } else { layer.cost(size).macs };
            size = layer.output(size);
        }
    }
    assert_eq!(forward, BATCH * (spec.cost(Size::square(SIDE), CLASSES as usize).macs - others));
}

#[test]
fn maps_are_those_that_the_spec_counts() {
    let spec = &EfficientNetV2S::SPEC;
    let works = step(spec, SIDE, BATCH, CLASSES);
    let normalised: u64 = works
        .iter()
        .filter(|work| (work.kind, work.pass) == (Kind::Normalisation, Pass::Forward))
        .map(|work| work.elements)
        .sum();
    let pooled: u64 = spec
        .blocks()
        .flat_map(|block| block.layers())
        .map(|layer| match layer.kind {
            LayerKind::SqueezeExcite(gate) => gate.cost().activations,
            LayerKind::Conv(_) | LayerKind::Pooled(_) => 0,
        })
        .sum();
    assert_eq!(normalised, BATCH * (spec.cost(Size::square(SIDE), CLASSES as usize).activations - pooled - CLASSES));
}

efficientnet_v2! {
    /// One block, small enough for a count by hand.
    struct Tiny <
        [1, 3, 1, 1, 8, 8, fused, 0],
    > { num_features: 16 }
}

/// 2 images of 4 × 4 pixels: maps of 2 × 2 behind the stem.
#[test]
fn a_count_by_hand_is_the_same() {
    let works = step(&Tiny::SPEC, 4, 2, 10);
    let ours = |kind, pass| works.iter().filter(|w| (w.kind, w.pass) == (kind, pass)).map(|w| w.ours).sum::<u64>();
    let (image, map, head) = (2 * 16 * 3, 2 * 4 * 8, 2 * 4 * 16);
    assert_eq!(ours(Kind::Images, Pass::Forward), 3 * image);
    // Three normalisations, the block's with a shortcut.
    assert_eq!(ours(Kind::Normalisation, Pass::Forward), 2 * (3 * map + 4 * map + 3 * head));
    assert_eq!(ours(Kind::Normalisation, Pass::Backward), 2 * 5 * (2 * map + head));
    // The head's 1×1 convolution: both maps, f32 weights, and their rewriting in bf16.
    assert_eq!(ours(Kind::Pointwise, Pass::Forward), 2 * (map + head) + 4 * 128 + 4 * 128);
    // The stem (27 · 8 weights) and the block's convolution (72 · 8): maps, weights, patches written and read.
    let stem = 2 * (image + map) + 4 * 216 + 2 * 2 * 9 * (2 * 4 * 3);
    let block = 2 * (map + map) + 4 * 576 + 2 * 2 * 9 * map;
    assert_eq!(ours(Kind::Convolution, Pass::Weight), stem + block);
}
