//! timm's configurations of its pretrained models (`default_cfgs` of `efficientnet.py` and `mobilenetv3.py`).

use effnet_spec::HeadKind;

use super::super::published::{Published, Series};
use super::images::{HALF, IMAGENET, Images, share};
use crate::dialect::Interpolation::{Bicubic, Bilinear};

/// The share of an image where a configuration names none.
const DEFAULT_CROP: f64 = 0.875;
/// Sides at which timm evaluates B1 to B4, which it trained on smaller images, without a crop.
const UNCROPPED: [usize; 4] = [256, 288, 320, 384];
/// The side at which timm trained B5, on squashed images.
const SQUASHED: usize = 448;

/// automl's share, in the three digits of the configurations: those of larger images are cut off, not rounded.
fn digits(size: usize) -> f64 {
    let thousandths = share(size) * 1e3;
    (if size > 380 { thousandths.floor() } else { thousandths.round() }) / 1e3
}

/// The weights that timm trained.
pub(super) fn own(published: Option<Published>, size: usize) -> Images {
    let Some(Published { series, number }) = published else {
        return Images::cropped(IMAGENET, DEFAULT_CROP, Bicubic);
    };
    match (series, number) {
        (Series::S | Series::M | Series::L | Series::Xl | Series::Base | Series::Rw, _) => {
            Images::whole(IMAGENET, Bicubic)
        }
        (Series::V1, 1..=4) if UNCROPPED[number - 1] == size => Images::whole(IMAGENET, Bicubic),
        (Series::V1, 5) if size == SQUASHED => Images::squashed(IMAGENET, Bicubic),
        (Series::V1, 5..) | (Series::Lite | Series::EdgeTpu, _) => Images::cropped(IMAGENET, digits(size), Bicubic),
        (Series::FbNetC | Series::SpNas, _) => Images::cropped(IMAGENET, DEFAULT_CROP, Bilinear),
        _ => Images::cropped(IMAGENET, DEFAULT_CROP, Bicubic),
    }
}

/// The weights that timm converted from TensorFlow's: `tf_*`. MobileNetV3 alone has its head behind the pool, in all its
/// widths.
pub(super) fn converted(published: Option<Published>, head: HeadKind, size: usize) -> Images {
    let (series, number) = published.map_or((None, 0), |Published { series, number }| (Some(series), number));
    match (series, number) {
        (Some(Series::V1), 9) if size == 800 => Images::cropped(IMAGENET, 0.96, Bicubic),
        (Some(Series::V1 | Series::Base), _) => Images::cropped(IMAGENET, digits(size), Bicubic),
        (Some(Series::Lite), 4) if size == 380 => Images::cropped(HALF, 0.92, Bilinear),
        (Some(Series::Lite), 3 | 4) => Images::cropped(HALF, digits(size), Bilinear),
        (Some(Series::Lite | Series::EdgeTpu), _) => Images::cropped(HALF, digits(size), Bicubic),
        (Some(Series::S), _) => Images::whole(HALF, Bicubic),
        _ if head == HeadKind::Pooled => Images::cropped(HALF, DEFAULT_CROP, Bilinear),
        _ => Images::squashed(HALF, Bicubic),
    }
}

/// The converted weights that were trained on ImageNet-21k.
pub(super) fn on_21k(published: Option<Published>, head: HeadKind, size: usize) -> Images {
    match published.map(|published| published.series) {
        Some(Series::Base) => Images { pixels: HALF, ..converted(published, head, size) },
        _ => converted(published, head, size),
    }
}
