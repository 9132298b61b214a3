//! Sums over the pixels of all ranks, of which each rank has those over its own: what a synchronised normalisation
//! exchanges, once each way.
//!
//! Numbers travel in f64, as each rank has them, and are added up in the order of the ranks: every rank gets the same
//! bits, and a rank that is alone gets its own.

use candle_core::Result;

use super::moments::Moments;
use crate::collective::{Collective, Error};

impl Moments {
    /// The moments of all ranks' pixels, from those of each rank's own.
    ///
    /// # Errors
    /// When a rank has another number of channels, or has failed.
    pub(crate) fn of_all(&self, ranks: &dyn Collective) -> Result<Self> {
        let channels = self.mean.len();
        // f64 holds any number of pixels exactly.
        let own: Vec<f64> = [self.pixels as f64].iter().chain(&self.mean).chain(&self.squares).copied().collect();
        let mut all = Self::none(channels);
        for of_rank in gather(ranks, &own)? {
            let (mean, squares) = of_rank[1..].split_at(channels);
            all.join(of_rank[0] as usize, mean, squares);
        }
        Ok(all)
    }
}

/// Sums over all ranks' pixels, from those over each rank's own.
///
/// # Errors
/// When a rank has another number of sums, or has failed.
pub(crate) fn sums_of_all(ranks: &dyn Collective, own: &[f64]) -> Result<Vec<f64>> {
    let add = |mut sums: Vec<f64>, of_rank: Vec<f64>| {
        sums.iter_mut().zip(of_rank).for_each(|(sum, value)| *sum += value);
        sums
    };
    Ok(gather(ranks, own)?.into_iter().reduce(add).unwrap_or_default())
}

/// The numbers of each rank, as many of each as of this one.
fn gather(ranks: &dyn Collective, own: &[f64]) -> Result<Vec<Vec<f64>>> {
    let numbers = own.len();
    let gathered = ranks.gather(own.iter().flat_map(|value| value.to_le_bytes()).collect())?;
    if let Some((other, message)) = gathered.iter().enumerate().find(|(_, message)| message.len() != 8 * numbers) {
        let does = |bytes: usize| format!("has {bytes} bytes of sums for a batch normalisation");
        let (does, other_does) = (does(8 * numbers), does(message.len()));
        return Err(Error::Unequal { rank: ranks.rank(), does, other, other_does }.into());
    }
    let values = |message: Vec<u8>| message.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    Ok(gathered.into_iter().map(values).collect())
}
