use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::LoaderOptions;
use super::queue::Queue;
use crate::data::draw::Draw;
use crate::data::error::{Error, panic_message};
use crate::data::source::Source;
use crate::data::transform::{Scratch, Transform};

/// State that the loader's threads share.
pub(super) struct Work {
    pub(super) source: Arc<dyn Source>,
    pub(super) transform: Arc<dyn Transform>,
    pub(super) order: Vec<usize>,
    pub(super) queue: Queue,
    pub(super) options: LoaderOptions,
}

impl Work {
    /// A thread's work: loads samples until the queue has none left.
    pub(super) fn run(&self) {
        let mut scratch = Scratch::default();
        let mut floats = vec![0.0; self.transform.shape().iter().product()];
        while let Some(claim) = self.queue.claim() {
            let index = self.order[claim.position];
            let load = AssertUnwindSafe(|| {
                let image = self.source.image(index)?;
                let draw = Draw { seed: self.options.seed, epoch: self.options.epoch, sample: index as u64 };
                self.transform.apply(&image, draw, &mut scratch, &mut floats);
                Ok(())
            });
            // A dead thread would leave its sample's batch unfilled and the consumer waiting for ever.
            let loaded = catch_unwind(load).unwrap_or_else(|panic| {
                let name = self.source.name(index);
                Err(Error::Panic { name, reason: panic_message(&*panic).to_owned() })
            });
            self.queue.finish(claim, loaded.map(|()| floats.as_slice()));
        }
    }
}
