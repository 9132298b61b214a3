//! Images that count nothing.

use candle_core::{DType, Device, Tensor};

use super::super::error::Result;
use crate::data::Batch;
use crate::network::Network;

/// What a rank sends through the network in the place of a part whose files were all left out: the others wait for its
/// gradients, and those of images that count nothing are zero.
///
/// # Errors
/// When candle fails.
pub(in crate::train) fn blank(network: &dyn Network) -> Result<Batch> {
    // Two images leave every batch normalisation more than one value per channel, whatever their size.
    const IMAGES: usize = 2;
    const SIZE: usize = 32;
    let channels = network.spec().settings.in_channels;
    Ok(Batch {
        number: 0,
        images: Tensor::zeros((IMAGES, channels, SIZE, SIZE), DType::F32, &Device::Cpu)?,
        labels: vec![0; IMAGES],
        samples: vec![u64::MAX; IMAGES],
        positions: vec![0; IMAGES],
        partners: None,
    })
}
