//! The count as a table.

use std::fmt::Write;

use super::step::{Kind, Pass, Work};

pub(crate) const BEGIN: &str = "<!-- gpu_bytes: begin -->";
pub(crate) const END: &str = "<!-- gpu_bytes: end -->";

/// A GPU as far as this count goes.
struct Gpu {
    name: &'static str,
    /// Bytes a second, read and written.
    memory: f64,
    /// Multiply-accumulates a second that a bf16 matrix product reaches, both operands large.
    products: f64,
}

/// 3.35 TB/s by its data sheet, of which a copy reaches nine tenths; products at 60 % of the sheet's 989 TFLOP/s.
const H100: Gpu = Gpu { name: "H100", memory: 3.0e12, products: 0.6 * 989e12 / 2.0 };

/// What a step takes where each operation takes the longer of its bytes and its products.
fn milliseconds(works: &[Work], gpu: &Gpu, bytes: impl Fn(&Work) -> u64) -> f64 {
    let of_one = |work: &Work| (bytes(work) as f64 / gpu.memory).max(work.products as f64 / gpu.products);
    1e3 * works.iter().map(of_one).sum::<f64>()
}

/// What cuDNN's convolutions move: they need no matrix of patches.
fn with_cudnn(work: &Work) -> u64 {
    if work.kind == Kind::Convolution { work.fewest } else { work.ours }
}

fn name(kind: Kind, pass: Pass) -> String {
    let kind = match kind {
        Kind::Images => "image bytes to numbers",
        Kind::Pointwise => "1×1 convolution",
        Kind::Convolution => "3×3 convolution",
        Kind::Depthwise => "depthwise convolution",
        Kind::Normalisation => "normalisation and activation",
        Kind::SqueezeExcite => "squeeze-and-excitation",
        Kind::Head => "mean, classifier, loss",
        Kind::Graph => "gradients added, by candle and at shortcuts",
        Kind::Updates => "optimizer, averages, norm",
    };
    match pass {
        Pass::Forward => kind.to_owned(),
        Pass::Backward => format!("{kind}, back"),
        Pass::Input => format!("{kind}, input's gradient"),
        Pass::Weight => format!("{kind}, weight's gradient"),
    }
}

/// The table, and what a step takes by it.
pub(crate) fn table(works: &[Work], batch: u64) -> String {
    let mut rows: Vec<(Kind, Pass)> = works.iter().map(|work| (work.kind, work.pass)).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut out = String::from(
        "| work | times | fewest GB | ours GB | floor ms | ours ms | products ms |\n|---|---|---|---|---|---|---|\n",
    );
    let mut row = |name: &str, works: &[Work]| {
        let gigabytes = |bytes: fn(&Work) -> u64| works.iter().map(bytes).sum::<u64>() as f64 / 1e9;
        let (fewest, ours) = (gigabytes(|work| work.fewest), gigabytes(|work| work.ours));
        let floor = milliseconds(works, &H100, |work| work.fewest);
        let time = milliseconds(works, &H100, |work| work.ours);
        let products = 1e3 * works.iter().map(|work| work.products).sum::<u64>() as f64 / H100.products;
        let _ = writeln!(
            out,
            "| {name} | {} | {fewest:.2} | {ours:.2} | {floor:.2} | {time:.2} | {products:.2} |",
            works.len()
        );
    };
    for (kind, pass) in rows {
        let of_row: Vec<Work> = works.iter().filter(|w| (w.kind, w.pass) == (kind, pass)).copied().collect();
        row(&name(kind, pass), &of_row);
    }
    row("all", works);
    let _ = writeln!(out, "\n| a step on an {}, predicted | ms | images/s |\n|---|---|---|", H100.name);
    let mut prediction = |name: &str, ms: f64| {
        let _ = writeln!(out, "| {name} | {ms:.1} | {:.0} |", 1e3 * batch as f64 / ms);
    };
    prediction("the floor of every kernel", milliseconds(works, &H100, |work| work.fewest));
    prediction("our kernels, convolutions by cuDNN", milliseconds(works, &H100, with_cudnn));
    prediction("our kernels, convolutions by matrices of patches", milliseconds(works, &H100, |work| work.ours));
    out
}
