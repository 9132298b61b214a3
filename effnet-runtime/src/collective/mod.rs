//! Processes ("ranks") that train one network together.
//!
//! A [`Collective`] is one rank's end of the group. [`Single`] is a group of one. With the feature `train`, [`Exchange`] is
//! a group over anything that carries messages, a [`Transport`]: [`Tcp`] between processes, and [`threads`] within one, for
//! tests. With the feature `nccl`, [`over_gpus`](crate::train::over_gpus) lets NCCL sum what lies on GPUs, which has an order of its own.
//!
//! Sums are taken in the order of the ranks, whatever the sizes and the order in which messages arrive: the same number of
//! ranks gives the same bits.

#[cfg(feature = "train")]
mod courier;
mod error;
#[cfg(feature = "train")]
mod exchange;
#[cfg(feature = "train")]
mod frame;
#[cfg(feature = "train")]
mod launch;
#[cfg(feature = "mpi")]
mod mpi;
mod on_device;
#[cfg(feature = "train")]
mod operation;
#[cfg(feature = "train")]
mod seat;
mod single;
#[cfg(feature = "train")]
mod tcp;
#[cfg(feature = "train")]
mod threads;
#[cfg(feature = "train")]
mod together;
#[cfg(feature = "train")]
mod transport;

#[cfg(all(test, feature = "train"))]
mod tests;

use std::fmt::Debug;

pub use error::{Error, Result};
#[cfg(feature = "train")]
pub use exchange::Exchange;
#[cfg(feature = "train")]
pub use launch::Launch;
pub use on_device::{OnDevice, PendingTensors};
#[cfg(feature = "train")]
pub use seat::Seat;
pub use single::Single;
#[cfg(feature = "train")]
pub use tcp::{Rendezvous, Tcp};
#[cfg(feature = "train")]
pub use threads::threads;
#[cfg(feature = "train")]
pub use together::together;
#[cfg(feature = "train")]
pub use transport::{Arrived, Transport, Waker};

/// One rank's end of a group of ranks.
///
/// Every rank calls the same operations in the same order, from one thread or from several that agree on it. An operation
/// fails on every rank once one rank has aborted or is dead.
pub trait Collective: Debug + Send + Sync {
    /// This rank, from 0.
    fn rank(&self) -> usize;

    /// Number of ranks, at least 1.
    fn size(&self) -> usize;

    /// Begins to sum `values`, of which every rank has as many. The sums are the same on all ranks, bit for bit.
    fn begin_sum(&self, values: Vec<f32>) -> Pending;

    /// What each rank gave, in the order of the ranks. Messages may have different lengths.
    ///
    /// # Errors
    /// When a rank has aborted or is dead.
    fn gather(&self, message: Vec<u8>) -> Result<Vec<Vec<u8>>>;

    /// Ends the group: operations of other ranks, pending and later ones, fail with `reason`.
    fn abort(&self, reason: &str);

    /// Why an operation of all ranks would fail now, as far as this rank knows: one has aborted, is dead, or has left.
    fn lost(&self) -> Option<Error> {
        None
    }

    /// What sums tensors where they lie; none where the group sums host memory alone.
    fn on_device(&self) -> Option<&dyn OnDevice> {
        None
    }

    /// Sums `values` in place over all ranks.
    ///
    /// # Errors
    /// When ranks have different numbers of values, or one has aborted or is dead.
    fn sum(&self, values: &mut [f32]) -> Result<()> {
        values.copy_from_slice(&self.begin_sum(values.to_vec()).wait()?);
        Ok(())
    }

    /// The message of rank 0; those of the others are not read.
    ///
    /// # Errors
    /// When a rank has aborted or is dead.
    fn broadcast(&self, message: Vec<u8>) -> Result<Vec<u8>> {
        let message = if self.rank() == 0 { message } else { Vec::new() };
        Ok(self.gather(message)?.swap_remove(0))
    }

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// When a rank has aborted or is dead.
    fn barrier(&self) -> Result<()> {
        self.gather(Vec::new()).map(drop)
    }
}

/// A sum under way.
#[derive(Debug)]
pub struct Pending(Sum);

#[derive(Debug)]
enum Sum {
    Done(Result<Vec<f32>>),
    #[cfg(feature = "train")]
    Coming(std::sync::mpsc::Receiver<Result<Vec<f32>>>),
}

impl Pending {
    /// A sum that is there.
    pub fn done(sum: Result<Vec<f32>>) -> Self {
        Self(Sum::Done(sum))
    }

    /// A sum that somebody else takes.
    #[cfg(feature = "train")]
    fn coming(sum: std::sync::mpsc::Receiver<Result<Vec<f32>>>) -> Self {
        Self(Sum::Coming(sum))
    }

    /// Waits for the sums.
    ///
    /// # Errors
    /// When ranks have different numbers of values, or one has aborted or is dead.
    pub fn wait(self) -> Result<Vec<f32>> {
        match self.0 {
            Sum::Done(sum) => sum,
            #[cfg(feature = "train")]
            Sum::Coming(sum) => sum.recv().unwrap_or(Err(Error::Closed)),
        }
    }
}
