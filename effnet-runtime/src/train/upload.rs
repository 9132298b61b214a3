//! Uploads batches to a GPU ahead of their use.

use std::sync::mpsc::sync_channel;

use candle_core::Device;

use crate::backend::is_host;
use crate::data::{Batch, Error, Loader};

/// Calls `work` with a loader's batches, images on the device.
///
/// A separate thread uploads one batch ahead of `work`: copying a step's images takes some milliseconds, in which the
/// GPU would idle.
pub(super) fn with_uploaded<R>(
    loader: &mut Loader,
    device: &Device,
    work: impl FnOnce(&mut dyn Iterator<Item = Result<Batch, Error>>) -> R,
) -> R {
    if is_host(device) {
        return work(loader);
    }
    let uploaded = |batch: Batch| {
        let images = batch.images.to_device(device)?;
        // candle has one stream per thread: the copy must be complete before another thread's stream reads it.
        device.synchronize()?;
        Ok(Batch { images, ..batch })
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(0);
        scope.spawn(move || {
            for batch in loader {
                // Sending fails once `work` has ended early.
                if sender.send(batch.and_then(uploaded)).is_err() {
                    break;
                }
            }
        });
        work(&mut receiver.into_iter())
    })
}
