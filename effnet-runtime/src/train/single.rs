//! Checks against steps with too few images: of a single one, from whose one-pixel maps batch normalisation learns nothing,
//! or with fewer than the ranks can share.

use candle_core::Tensor;
use effnet_spec::Size;

use super::config::{Config, StatisticsKind};
use super::error::{Error, Result};
use super::stages::{Stage, stages};
use crate::data::Share;
use crate::network::Network;

/// Whether a step of one image of this size leaves a batch normalisation one value per channel: its map is a single
/// pixel, and it is not frozen.
pub(super) fn is_too_little(network: &dyn Network, size: Size) -> bool {
    let (spec, params) = (network.spec(), network.params());
    let sizes = spec.row_sizes(size);
    let is_pixel = |size: Option<&Size>| size == Some(&Size::ONE);
    let blocks = spec.blocks().filter(|block| is_pixel(sizes.get(block.row)));
    let blocks = blocks.map(|block| format!("blocks.{}.", block.index));
    let places: Vec<String> = blocks.chain(is_pixel(sizes.last()).then(|| "head.".to_owned())).collect();
    let learns = |norm: &str| !params.is_frozen(&format!("{norm}.weight"));
    let buffers = params.buffers();
    let mut norms = buffers.iter().filter_map(|(name, _)| name.strip_suffix(".running_mean"));
    norms.any(|norm| places.iter().any(|place| norm.starts_with(place)) && learns(norm))
}

/// Checks that a part of a step is enough to learn from.
///
/// # Errors
/// When it is a single image that is too small.
pub(super) fn check_part(network: &dyn Network, images: &Tensor) -> Result<()> {
    match *images.dims() {
        [1, _, height, width] if is_too_little(network, Size { height, width }) => Err(Error::Setting(format!(
            "batch normalisation learns nothing from one image of {height} × {width} pixels, whose last maps are a single \
             pixel: train on several images at a time, or on larger ones"
        ))),
        _ => Ok(()),
    }
}

/// Checks that no step of the run, over `images` training images, leaves one of `ranks` a single image that is too small, or
/// none.
///
/// # Errors
/// When there is one; the error says what to type instead.
pub(crate) fn check_batches(config: &Config, network: &dyn Network, images: usize, ranks: usize) -> Result<()> {
    let least = |stage: &Stage| Share::least(ranks, stage.part().min(images));
    if let Some(stage) = stages(config).into_iter().find(|stage| stage.epochs() > 0 && least(stage) == 0) {
        let batch = match stage.part() {
            part if part > images => format!("there are only {images} training images: start fewer ranks"),
            _ => format!("say --batch {} or more, or start fewer ranks", 2 * ranks * stage.accumulate),
        };
        return Err(Error::Setting(format!(
            "{} images at a time leave one of {ranks} ranks without any: {batch}",
            stage.part().min(images)
        )));
    }
    let takes_statistics = config.regularise.statistics != StatisticsKind::Running;
    let is_single = |stage: &Stage| takes_statistics && stage.epochs() > 0 && least(stage) == 1;
    let is_refused = |stage: &Stage| is_single(stage) && is_too_little(network, Size::square(stage.size));
    let Some(Stage { size, accumulate, .. }) = stages(config).into_iter().find(is_refused) else { return Ok(()) };
    let spec = network.spec();
    let enough = (size..).find(|size| spec.row_sizes(Size::square(*size)).last() != Some(&Size::ONE));
    let batch = match images {
        1 => "add training images, of which there is one".to_owned(),
        _ => format!("say --batch {} or more", 2 * ranks * accumulate),
    };
    // With several stages, `--size` is the last stage's.
    let enough = enough.filter(|_| config.stages.count == 1);
    let size_too = enough.map_or_else(String::new, |enough| format!(", or --size {enough} or more"));
    Err(Error::Setting(format!(
        "batch normalisation learns nothing from one image at a time at {size} px, where the network's last maps are a \
         single pixel: {batch}{size_too}"
    )))
}
