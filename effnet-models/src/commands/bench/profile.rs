//! The distribution of a run's time over blocks, and over kinds of operation.

use std::collections::BTreeMap;
use std::fmt::Write;

use effnet_runtime::infer;
use effnet_runtime::profile;
use serde::Serialize;

/// Medians over several runs, summed.
#[derive(Serialize)]
pub(super) struct Profile {
    /// Sum of all parts.
    total_ms: f64,
    /// The most that all threads' multiply-adds can do; null for a GPU, where the peak is not measured.
    peak_gflops: Option<f64>,
    blocks: Vec<Part>,
    kinds: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    name: String,
    ms: f64,
    /// Share of the total.
    share: f64,
    /// Counts two operations for each multiply-accumulate of a direct convolution, whatever the algorithm.
    gflops: f64,
    /// Share of the peak; more than 1 where an algorithm saves multiplications.
    of_peak: Option<f64>,
}

/// The part of a network that an operation belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Of(infer::Place),
    /// Work outside any one part: the loss, the graph, the optimizer.
    Rest,
}

impl Place {
    fn name(self) -> String {
        match self {
            Self::Of(infer::Place::Stem) => "stem".to_owned(),
            Self::Of(infer::Place::Block(block)) => format!("block {block}"),
            Self::Of(infer::Place::Head) => "head".to_owned(),
            Self::Rest => "rest".to_owned(),
        }
    }
}

/// One operation of a run.
pub(super) struct Span {
    place: Place,
    kind: String,
    macs: u64,
    ms: f64,
}

impl Span {
    /// The operations of an engine's run.
    pub(super) fn of_inference(spans: &[infer::Span]) -> Vec<Self> {
        let spans = spans.iter().map(|span| Self {
            place: Place::Of(span.place),
            kind: format!("{:?}", span.kind),
            macs: span.macs,
            ms: span.seconds * 1e3,
        });
        spans.collect()
    }

    /// The operations of a training step that took `total_ms`.
    pub(super) fn of_step(spans: &[profile::Span], total_ms: f64) -> Vec<Self> {
        let last = spans.iter().map(|span| span.sequence).max().unwrap_or(0);
        let place = |sequence: usize| match sequence {
            0 => infer::Place::Stem,
            sequence if sequence == last => infer::Place::Head,
            sequence => infer::Place::Block(sequence - 1),
        };
        let mut spans: Vec<Self> = spans
            .iter()
            .map(|span| Self {
                place: Place::Of(place(span.sequence)),
                kind: format!("{:?} {:?}", span.operation, span.direction),
                macs: span.macs,
                ms: span.seconds * 1e3,
            })
            .collect();
        let rest = total_ms - spans.iter().map(|span| span.ms).sum::<f64>();
        spans.push(Self { place: Place::Rest, kind: "Rest".to_owned(), macs: 0, ms: rest });
        spans
    }
}

/// Milliseconds and multiply-accumulates.
#[derive(Clone, Copy, Default)]
struct Sum {
    ms: f64,
    macs: u64,
}

impl Profile {
    /// The profile of runs that have the same operations.
    pub(super) fn of(runs: &[Vec<Span>], peak_gflops: Option<f64>) -> Self {
        let (mut blocks, mut kinds) = (BTreeMap::<_, Sum>::new(), BTreeMap::<_, Sum>::new());
        let mut total_ms = 0.0;
        for (at, span) in runs[0].iter().enumerate() {
            let mut times: Vec<f64> = runs.iter().map(|run| run[at].ms).collect();
            times.sort_by(f64::total_cmp);
            let ms = times[times.len() / 2];
            total_ms += ms;
            for sum in [blocks.entry(span.place).or_default(), kinds.entry(span.kind.clone()).or_default()] {
                sum.ms += ms;
                sum.macs += span.macs;
            }
        }
        let part = |name: String, Sum { ms, macs }: Sum| {
            let gflops = 2.0 * macs as f64 / (ms * 1e6);
            Part { name, ms, share: ms / total_ms, gflops, of_peak: peak_gflops.map(|peak| gflops / peak) }
        };
        Self {
            blocks: blocks.into_iter().map(|(place, sum)| part(place.name(), sum)).collect(),
            kinds: kinds.into_iter().map(|(kind, sum)| part(kind, sum)).collect(),
            total_ms,
            peak_gflops,
        }
    }

    pub(super) fn to_text(&self) -> String {
        let Self { total_ms, peak_gflops, .. } = self;
        let mut text = format!("the parts of a run (medians), {total_ms:.2} ms in all");
        match peak_gflops {
            Some(peak) => _ = write!(text, "; peak of all threads {peak:.0} GFLOP/s"),
            None => text.push_str(", by the GPU's clock; the rest is whatever lies between"),
        }
        for (title, parts) in [("block", &self.blocks), ("kind", &self.kinds)] {
            let _ = write!(text, "\n\n{title:<28} {:>9} {:>7} {:>9} {:>8}", "ms", "share", "GFLOP/s", "of peak");
            for part in parts {
                let Part { name, ms, share, gflops, of_peak } = part;
                let of_peak = of_peak.map_or(String::new(), |of_peak| format!("{:.0}%", 100.0 * of_peak));
                let _ = write!(text, "\n{name:<28} {ms:9.3} {:6.1}% {gflops:9.1} {of_peak:>8}", 100.0 * share);
            }
        }
        text
    }
}
