//! Where an engine's time goes: by block, and by kind of operation.

use std::collections::BTreeMap;
use std::fmt::Write;

use effnet_runtime::infer::{Kind, Span};
use serde::Serialize;

/// Medians over some runs, added up.
#[derive(Serialize)]
pub(super) struct Profile {
    /// Sum of all parts.
    total_ms: f64,
    blocks: Vec<Part>,
    kinds: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    name: String,
    ms: f64,
    /// Of the total.
    share: f64,
    /// Two operations for each multiply-accumulate of a direct convolution, whatever the algorithm.
    gflops: f64,
}

/// Milliseconds and multiply-accumulates.
#[derive(Clone, Copy, Default)]
struct Sum {
    ms: f64,
    macs: u64,
}

fn parts<K: Ord>(sums: BTreeMap<K, Sum>, total_ms: f64, name: impl Fn(K) -> String) -> Vec<Part> {
    sums.into_iter()
        .map(|(key, Sum { ms, macs })| Part {
            name: name(key),
            ms,
            share: ms / total_ms,
            gflops: 2.0 * macs as f64 / (ms * 1e6),
        })
        .collect()
}

impl Profile {
    /// Of runs that have the same jobs.
    pub(super) fn of(runs: &[Vec<Span>]) -> Self {
        let (mut blocks, mut kinds) = (BTreeMap::<_, Sum>::new(), BTreeMap::<Kind, Sum>::new());
        let mut total_ms = 0.0;
        for (at, span) in runs[0].iter().enumerate() {
            let mut times: Vec<f64> = runs.iter().map(|run| run[at].seconds * 1e3).collect();
            times.sort_by(f64::total_cmp);
            let ms = times[times.len() / 2];
            total_ms += ms;
            // The stem's spans come before the first block's, the head's after the last one's.
            let key = span.block.map_or((if at < runs[0].len() / 2 { 0 } else { 2 }, 0), |block| (1, block));
            for sum in [blocks.entry(key).or_default(), kinds.entry(span.kind).or_default()] {
                sum.ms += ms;
                sum.macs += span.macs;
            }
        }
        let name = |(part, block): (usize, usize)| match part {
            0 => "stem".to_owned(),
            1 => format!("block {block}"),
            _ => "head".to_owned(),
        };
        Self {
            blocks: parts(blocks, total_ms, name),
            kinds: parts(kinds, total_ms, |kind| format!("{kind:?}")),
            total_ms,
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = format!("the parts of a run (medians), {:.2} ms in all", self.total_ms);
        for (title, parts) in [("block", &self.blocks), ("kind", &self.kinds)] {
            let _ = write!(text, "\n\n{title:<16} {:>9} {:>7} {:>9}", "ms", "share", "GFLOP/s");
            for part in parts {
                let Part { name, ms, share, gflops } = part;
                let _ = write!(text, "\n{name:<16} {ms:9.3} {:6.1}% {gflops:9.1}", 100.0 * share);
            }
        }
        text
    }
}
