//! Running statistics of batch normalisation.

use candle_core::Result;

use super::Cpu;
use crate::backend::running::{Follow, Running};

impl Follow for Cpu {
    fn follow(&self, pairs: &[Running]) -> Result<()> {
        pairs.iter().try_for_each(|Running { running, batch, momentum }| {
            let kept = (running.as_tensor().detach() * (1.0 - momentum))?;
            running.set(&(kept + (batch * *momentum)?)?)
        })
    }
}
