//! How many images the parts of a step have, on this rank and on all.

use super::super::error::Result;
use crate::collective::Collective;
use crate::data::Batch;

/// Images of each part of a step.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::train) struct Counts {
    own: Vec<u64>,
    /// Images of each part, on all ranks together.
    all: Vec<u64>,
}

impl Counts {
    /// Learns what the other ranks have. A rank whose files were all left out has fewer parts than others.
    ///
    /// # Errors
    /// When the group fails.
    pub(in crate::train) fn of(parts: &[Batch], ranks: &dyn Collective) -> Result<Self> {
        let mut own: Vec<u64> = parts.iter().map(|part| part.labels.len() as u64).collect();
        let message = own.iter().flat_map(|images| images.to_le_bytes()).collect();
        let of_ranks = ranks.gather(message)?;
        let of_ranks = of_ranks.iter().map(|counts| counts.as_chunks().0);
        let mut all = vec![0; of_ranks.clone().map(<[_]>::len).max().unwrap_or_default()];
        for counts in of_ranks {
            all.iter_mut().zip(counts).for_each(|(all, images)| *all += u64::from_le_bytes(*images));
        }
        own.resize(all.len(), 0);
        Ok(Self { own, all })
    }

    /// Parts of the step, at least this rank's.
    pub(in crate::train) fn parts(&self) -> usize {
        self.all.len()
    }

    /// Images of the step, on all ranks.
    pub(in crate::train) fn images(&self) -> usize {
        self.all.iter().sum::<u64>() as usize
    }

    /// Share of all the step's images that this rank has in a part.
    pub(in crate::train) fn share(&self, part: usize) -> f64 {
        self.own[part] as f64 / self.images() as f64
    }

    /// Share of the part's images that this rank has.
    pub(in crate::train) fn share_of_part(&self, part: usize) -> f64 {
        self.own[part] as f64 / self.all[part].max(1) as f64
    }
}
