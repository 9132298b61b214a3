//! The inference engine's kernels, block by block: networks of a stem, one stage and a head.
//!
//! `cargo bench -p effnet-runtime` measures; `cargo test` runs each once. The elements of a rate are floating-point
//! operations of direct convolutions, so that a rate is GFLOP/s.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use effnet_runtime::candle::Result;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::grammar::parse_table;
use effnet_runtime::{DynamicModel, Params};

/// Name, the stage, side of the images.
const NETWORKS: [(&str, &str, usize); 5] = [
    ("fused_e1_winograd", "[2, 3, 1, 1, 24, 24, fused, 0]", 192),
    ("fused_e4_stride_2", "[1, 3, 2, 4, 24, 48, fused, 0]", 192),
    ("fused_e4_winograd", "[2, 3, 1, 4, 48, 48, fused, 0]", 96),
    ("mbconv_e6", "[2, 3, 1, 6, 160, 160, mbconv, 0.25]", 48),
    ("mbconv_5x5_e6", "[2, 5, 1, 6, 64, 64, mbconv, 0.25]", 48),
];

fn network(c: &mut Criterion, name: &str, stage: &str, size: usize) -> Result<()> {
    let spec = parse_table(name, stage).expect("a stage");
    let model = DynamicModel::from_spec(&spec, 10, Params::new(0).builder())?;
    let engine = Engine::new(&model, &Options::default())?;
    let mut session = engine.session(1, size, size)?;
    let (images, mut logits) = (vec![0.5; 3 * size * size], vec![0.0; 10]);
    session.run(&images, &mut logits)?;
    let macs: u64 = session.profile(&images, &mut logits)?.iter().map(|span| span.macs).sum();
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(2 * macs));
    group.bench_function(name, |b| b.iter(|| session.run(&images, &mut logits)));
    group.finish();
    Ok(())
}

fn all(c: &mut Criterion) {
    for (name, stage, size) in NETWORKS {
        network(c, name, stage, size).expect("the engine takes these networks");
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
