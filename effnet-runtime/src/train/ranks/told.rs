//! What the ranks tell each other of a step.

use super::super::error::Result;
use crate::collective::Collective;

/// What came of a step's images.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::train) struct Told {
    /// Share in the step's loss.
    pub(in crate::train) loss: f64,
    /// Images that were classified rightly.
    pub(in crate::train) correct: usize,
    /// What was not finite, if anything was.
    pub(in crate::train) bad: Option<String>,
}

impl Told {
    /// Joins what all ranks tell.
    ///
    /// # Errors
    /// When the group fails.
    pub(in crate::train) fn by_all(self, ranks: &dyn Collective) -> Result<Self> {
        if ranks.size() == 1 {
            return Ok(self);
        }
        let mut message = self.loss.to_le_bytes().to_vec();
        message.extend((self.correct as u64).to_le_bytes());
        message.extend(self.bad.unwrap_or_default().into_bytes());
        let mut all = Self::default();
        for (rank, message) in ranks.gather(message)?.into_iter().enumerate() {
            let Some((loss, rest)) = message.split_first_chunk() else { continue };
            let Some((correct, bad)) = rest.split_first_chunk() else { continue };
            all.loss += f64::from_le_bytes(*loss);
            all.correct += u64::from_le_bytes(*correct) as usize;
            if !bad.is_empty() && all.bad.is_none() {
                all.bad = Some(format!("on rank {rank}, {}", String::from_utf8_lossy(bad)));
            }
        }
        Ok(all)
    }
}
