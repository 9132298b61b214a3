//! Batches on their way to a GPU.

use std::sync::mpsc::sync_channel;

use candle_core::{Device, Tensor};

use crate::data::{Batch, Error, Loader};

/// Calls `work` with a loader's batches, their images on the device.
///
/// A thread of its own brings them to a GPU, one ahead of what `work` has: the images of a step are some milliseconds on
/// their way, in which the GPU would have nothing to do.
pub(super) fn with_uploaded<R>(
    loader: &mut Loader,
    device: &Device,
    work: impl FnOnce(&mut dyn Iterator<Item = Result<Batch, Error>>) -> R,
) -> R {
    if device.is_cpu() {
        return work(loader);
    }
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(0);
        scope.spawn(move || {
            for batch in loader {
                // Nobody takes it once `work` has ended early.
                if sender.send(batch.and_then(|batch| uploaded(batch, device))).is_err() {
                    break;
                }
            }
        });
        work(&mut receiver.into_iter())
    })
}

fn uploaded(batch: Batch, device: &Device) -> Result<Batch, Error> {
    let images: Tensor = batch.images.to_device(device)?;
    // candle has a stream for each thread: what this one's holds must be there before another thread's reads it.
    device.synchronize()?;
    Ok(Batch { images, ..batch })
}
