//! A search with a space, a reward and an evaluator of one's own: which kinds of blocks does this machine compute fastest?
//! `effnet search` trains each network instead, and its `Training` is an evaluator like this one.
//!
//! cargo run -p effnet-examples --example 10_search

use std::time::Instant;

use anyhow::{Context, Result};
use effnet_runtime::candle::{DType, Device, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::search::{
    Evaluator, Evolution, Job, Ledger, Outcome, Random, Result as SearchResult, Search, Space, Verdict, macro_source,
    winner,
};
use effnet_runtime::spec::Size;
use effnet_runtime::{DynamicModel, Params};

/// The networks: 2 · 3 · 2 · 3 choices in each of two stages.
const SPACE: &str = "
    stem = 16
    se_ratio = 0.25
    [settings]
    num_features = 64
    [[stage]]
    stride = 2
    operator = ['mbconv', 'fused']
    layers = [1, 2, 3]
    kernel = [3, 5]
    expansion = [1, 4, 6]
    width = 24
    [[stage]]
    stride = 2
    operator = ['mbconv', 'fused']
    layers = [1, 2, 3]
    kernel = [3, 5]
    expansion = [1, 4, 6]
    width = 48
";

/// Side in pixels.
const SIZE: usize = 96;

/// Measures a network's speed. It has learnt nothing, and so its accuracy is 0.
struct Speed;

impl Evaluator for Speed {
    fn evaluate(&mut self, job: &Job<'_>, _stop: &dyn Fn() -> bool) -> SearchResult<Option<Verdict>> {
        let milliseconds = milliseconds(job).map_err(effnet_runtime::train::Error::from)?;
        let cost = job.spec.cost(Size::square(SIZE), 10);
        let (params, macs) = (cost.params, cost.macs);
        let outcome = Outcome { accuracy: 0.0, time: milliseconds, milliseconds: Some(milliseconds), params, macs };
        Ok(Some(Verdict::Measured(outcome)))
    }
}

/// The least of a few times of one image.
fn milliseconds(job: &Job<'_>) -> effnet_runtime::candle::Result<f64> {
    let network = DynamicModel::from_spec(job.spec, 10, Params::new(0).builder())?;
    let engine = Engine::new(&network, &Options::default())?;
    let image = Tensor::zeros((1, 3, SIZE, SIZE), DType::F32, &Device::Cpu)?;
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        engine.forward(&image)?;
        least = least.min(1e3 * begun.elapsed().as_secs_f64());
    }
    Ok(least)
}

fn main() -> Result<()> {
    let space = Space::parse("blocks", SPACE)?;
    let folder = std::env::temp_dir().join(format!("effnet-search-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let ledger = Ledger::new(&folder);
    let speed = |outcome: &Outcome| outcome.macs as f64 / 1e6 / outcome.time;
    let mut search = Search {
        ledger: ledger.clone(),
        space: &space,
        sampler: &Evolution::new(Random { seed: 0, samples: 60, epochs: 1 }),
        allowed: &|_| Ok(()),
        reward: &speed,
        evaluator: &mut Speed,
    };
    search.run(&mut (), &|| false)?;

    let trials = ledger.trials()?;
    let best = winner(&trials).context("a trial")?;
    let reward = best.reward().context("a reward")?;
    let about = format!("The fastest of {} networks: {reward:.0} M multiply-adds a millisecond.", trials.len());
    println!("{}", macro_source(&space.spec(&best.proposal.genes, "Fastest")?, &about));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
