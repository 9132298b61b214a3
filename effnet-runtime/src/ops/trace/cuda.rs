//! Time on a GPU, which works behind the back of the thread that asks it: an event in its stream before an operation and
//! one behind it. Nothing waits for them until the trace ends.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, sys::CUevent_flags};
use candle_core::{Device, Result};

use super::{Span, TRACE};

/// The events of a trace's operations.
#[derive(Default)]
pub(super) struct Events {
    /// Of the operation that has just been asked for.
    last: Option<[CudaEvent; 2]>,
    /// Of spans, by their number.
    of_spans: Vec<(usize, [CudaEvent; 2])>,
}

impl Events {
    /// The operation that has just been asked for, if a GPU has it, is this span.
    pub(super) fn belong_to(&mut self, span: usize) {
        self.of_spans.extend(self.last.take().map(|events| (span, events)));
    }

    /// Gives the spans that a GPU had its time; NaN where the driver has none to tell.
    pub(super) fn fill(self, spans: &mut [Span]) {
        for (span, [begin, end]) in self.of_spans {
            spans[span].seconds = begin.elapsed_ms(&end).map_or(f64::NAN, |ms| f64::from(ms) / 1e3);
        }
    }
}

/// Calls `f`, which asks a device for an operation; while a trace is kept, the span that it is in gets the GPU's time.
///
/// # Errors
/// When `f` fails, or the driver gives no event.
pub(in crate::ops) fn timed<R>(device: &Device, f: impl FnOnce() -> Result<R>) -> Result<R> {
    let (true, Device::Cuda(device)) = (TRACE.with_borrow(Option::is_some), device) else { return f() };
    let stream = device.cuda_stream();
    let mark = || stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)).w();
    let begin = mark()?;
    let result = f()?;
    let end = mark()?;
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            trace.events.last = Some([begin, end]);
        }
    });
    Ok(result)
}
