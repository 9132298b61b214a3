//! How far a command is that takes one image after the other.

use std::time::{Duration, Instant};

use effnet_runtime::cli;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// Interval of lines where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Shows how many of some images have been taken, on standard error: a bar on a terminal, and elsewhere lines. `doing` goes
/// before their number.
pub(super) fn counted<T>(doing: &'static str, images: impl ExactSizeIterator<Item = T>) -> impl Iterator<Item = T> {
    let count = images.len();
    let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr())
        .with_style(style())
        .with_finish(ProgressFinish::AndClear);
    cli::warn(format_args!("{doing} {count} images"));
    let mut last_line = Instant::now();
    images.enumerate().map(move |(done, image)| {
        bar.set_position(done as u64);
        if bar.is_hidden() && last_line.elapsed() >= LINE_EVERY {
            last_line = Instant::now();
            cli::warn(format_args!("{doing} {count} images: {done} done"));
        }
        image
    })
}

/// As that of training.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{bar:30}] {pos}/{len} eta {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
