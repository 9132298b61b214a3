//! Times of a training step's operations.
//!
//! Operations run on the thread that asks for them, and leave a span each in that thread's trace while one is kept.

use std::cell::RefCell;

/// The kind of an operation.
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

/// A direction of an operation.
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
    pub sequence: usize,
    /// Its kind.
    pub operation: Operation,
    /// The direction of the operation.
    pub direction: Direction,
    /// Multiply-accumulates, counted as a direct convolution has them.
    pub macs: u64,
    /// How long it took, on the GPU where it ran on one.
    pub seconds: f64,
}

/// Reads an operation's time when the trace ends: a GPU works asynchronously.
pub(crate) type Seconds = Box<dyn FnOnce() -> f64>;

#[derive(Default)]
struct Trace {
    spans: Vec<(Span, Seconds)>,
    sequences: usize,
    current: usize,
}

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// Calls `f`, and gives the spans of the operations that it ran on this thread.
pub fn traced<R>(f: impl FnOnce() -> R) -> (R, Vec<Span>) {
    let outer = TRACE.replace(Some(Trace::default()));
    let result = f();
    let spans = TRACE.replace(outer).map_or_else(Vec::new, |trace| trace.spans);
    (result, spans.into_iter().map(|(span, seconds)| Span { seconds: seconds(), ..span }).collect())
}

/// Whether this thread keeps a trace.
pub(crate) fn is_kept() -> bool {
    TRACE.with_borrow(Option::is_some)
}

/// Notes the sequence that begins, and gives its number.
pub(crate) fn begin() -> usize {
    TRACE.with_borrow_mut(|trace| {
        trace.as_mut().map_or(0, |trace| {
            trace.current = trace.sequences;
            trace.sequences += 1;
            trace.current
        })
    })
}

/// Notes the sequence whose way back begins.
pub(crate) fn enter(sequence: usize) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            trace.current = sequence;
        }
    });
}

/// Notes an operation of the sequence that runs.
pub(crate) fn note(operation: Operation, direction: Direction, macs: u64, seconds: Seconds) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            trace.spans.push((Span { sequence: trace.current, operation, direction, macs, seconds: 0.0 }, seconds));
        }
    });
}
