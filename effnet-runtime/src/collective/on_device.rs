//! Sums of what lies on a device.

use std::fmt;

use candle_core::{Device, Tensor};

use super::Result;

/// What sums tensors over a group's ranks where they lie.
pub trait OnDevice {
    /// Where.
    fn device(&self) -> &Device;

    /// Begins to sum contiguous tensors of f32 in place, once the work that this thread has given their device is done.
    /// Every rank has as many of the same sizes. Nobody may use them until they come back.
    ///
    /// # Errors
    /// When a tensor is none of these, or the device fails.
    fn begin(&self, tensors: Vec<Tensor>) -> Result<PendingTensors>;
}

/// Waits for sums.
type Wait = Box<dyn FnOnce() -> Result<Vec<Tensor>> + Send>;

/// Tensors whose sums are under way.
pub struct PendingTensors(Wait);

impl fmt::Debug for PendingTensors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingTensors")
    }
}

impl PendingTensors {
    /// Sums that `wait` waits for.
    pub fn new(wait: impl FnOnce() -> Result<Vec<Tensor>> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// The tensors, which are the sums. What this thread gives their device from now on comes after them.
    ///
    /// # Errors
    /// When a rank has aborted or is dead, or the device fails.
    pub fn wait(self) -> Result<Vec<Tensor>> {
        (self.0)()
    }
}
