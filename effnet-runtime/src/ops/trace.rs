//! Where a training step's time goes.
//!
//! Operations run on the thread that asks for them, and leave a span each in that thread's trace while one is kept.

#[cfg(feature = "cuda")]
pub(super) mod cuda;

use std::cell::RefCell;
use std::time::Instant;

use super::conv_norm_act::Kind;
use super::window::Geometry;

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// A 1×1 convolution.
    Pointwise,
    /// A dense k×k convolution of stride 1.
    Convolution,
    /// A dense k×k convolution of another stride.
    StridedConvolution,
    /// A depthwise convolution.
    Depthwise,
    /// Batch normalisation, activation and residual.
    Normalisation,
    /// Squeeze-and-excitation.
    SqueezeExcite,
}

/// Which of its directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Direction {
    /// The result.
    Forward,
    /// The gradient of its input, and of parameters that are found with it.
    Backward,
    /// The gradient of a convolution's weight.
    Weight,
}

/// One operation of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The sequence that it belongs to, in the order in which they ran: the stem's, one a block, the head's.
    pub chain: usize,
    /// What it is.
    pub operation: Operation,
    /// Which of its directions.
    pub direction: Direction,
    /// Multiply-accumulates, counted as a direct convolution has them.
    pub macs: u64,
    /// How long it took, on the GPU where it ran on one.
    pub seconds: f64,
}

#[derive(Default)]
struct Trace {
    spans: Vec<Span>,
    chains: usize,
    current: usize,
    #[cfg(feature = "cuda")]
    events: cuda::Events,
}

impl Trace {
    fn finish(self) -> Vec<Span> {
        #[cfg_attr(not(feature = "cuda"), expect(unused_mut, reason = "only a GPU's times come last"))]
        let mut spans = self.spans;
        #[cfg(feature = "cuda")]
        self.events.fill(&mut spans);
        spans
    }
}

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// Calls `f`, and gives the spans of the operations that it ran on this thread.
pub fn traced<R>(f: impl FnOnce() -> R) -> (R, Vec<Span>) {
    let outer = TRACE.replace(Some(Trace::default()));
    let result = f();
    let trace = TRACE.replace(outer);
    (result, trace.map_or_else(Vec::new, Trace::finish))
}

/// A sequence begins: its number.
pub(super) fn begin() -> usize {
    TRACE.with_borrow_mut(|trace| {
        trace.as_mut().map_or(0, |trace| {
            trace.current = trace.chains;
            trace.chains += 1;
            trace.current
        })
    })
}

/// A sequence's way back begins.
pub(super) fn enter(chain: usize) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            trace.current = chain;
        }
    });
}

/// Calls `f`, and notes how long it took.
pub(super) fn span<R>(operation: Operation, direction: Direction, macs: u64, f: impl FnOnce() -> R) -> R {
    let begin = TRACE.with_borrow(Option::is_some).then(Instant::now);
    let result = f();
    if let Some(begin) = begin {
        let seconds = begin.elapsed().as_secs_f64();
        TRACE.with_borrow_mut(|trace| {
            if let Some(trace) = trace {
                trace.spans.push(Span { chain: trace.current, operation, direction, macs, seconds });
                #[cfg(feature = "cuda")]
                trace.events.belong_to(trace.spans.len() - 1);
            }
        });
    }
    result
}

/// As [`span`], of a convolution.
pub(super) fn convolution<R>(kind: Kind, geometry: &Geometry, direction: Direction, f: impl FnOnce() -> R) -> R {
    let operation = match (kind, geometry.kernel, geometry.stride) {
        (Kind::Depthwise, _, _) => Operation::Depthwise,
        (Kind::Dense, 1, _) => Operation::Pointwise,
        (Kind::Dense, _, 1) => Operation::Convolution,
        (Kind::Dense, _, _) => Operation::StridedConvolution,
    };
    span(operation, direction, geometry.macs(kind), f)
}
