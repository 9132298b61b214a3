//! Section of the page with the worst mistakes.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage, imageops};
use maud::{Markup, html};

use crate::data::Source;
use crate::page::figures::probability;
use crate::train::evaluate::{Evaluation, Misclassified};

/// Longest side of a thumbnail in pixels: twice the displayed size, for dense screens.
const SIDE: u32 = 224;

/// Longest side of a picture that is embedded losslessly and enlarged without smoothing.
const SMALL: u32 = 64;

/// JPEG quality, of 100.
const QUALITY: u8 = 80;

/// A picture for the page.
pub(super) struct Thumbnail {
    /// The file's name for people.
    name: String,
    /// The picture as a data URI; none if it cannot be read any more.
    uri: Option<String>,
    /// Whether it is enlarged without smoothing.
    small: bool,
}

impl Thumbnail {
    /// Loads a sample of `source`. A picture that cannot be read any more was readable in training, and does not end
    /// the run.
    pub(super) fn of(source: &dyn Source, sample: usize) -> Self {
        let name = source.name(sample);
        let picture = source.image(sample).ok();
        let small = picture.as_ref().is_some_and(|picture| picture.width().max(picture.height()) <= SMALL);
        Self { name, uri: picture.and_then(|picture| uri(&picture, small)), small }
    }
}

/// Encodes a small picture as PNG, a larger one as a JPEG of at most [`SIDE`].
fn uri(picture: &RgbImage, small: bool) -> Option<String> {
    let mut bytes = Cursor::new(Vec::new());
    let kind = if small {
        picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
        "png"
    } else {
        let (width, height) = picture.dimensions();
        let scale = (f64::from(SIDE) / f64::from(width.max(height))).min(1.0);
        let [width, height] = [width, height].map(|side| ((f64::from(side) * scale).round() as u32).max(1));
        let thumbnail = imageops::thumbnail(picture, width, height);
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&thumbnail).ok()?;
        "jpeg"
    };
    Some(format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes.into_inner())))
}

pub(super) fn of(evaluation: &Evaluation, classes: &[String], thumbnails: &[Thumbnail]) -> Markup {
    if evaluation.worst.is_empty() {
        return html! { p { "None: every image was taken for what it is." } };
    }
    html! {
        ol.pictures {
            @for (worst, thumbnail) in evaluation.worst.iter().zip(thumbnails) { li { (card(worst, thumbnail, classes)) } }
        }
    }
}

fn card(worst: &Misclassified, thumbnail: &Thumbnail, classes: &[String]) -> Markup {
    let name = |class: u32| classes.get(class as usize).map_or("", String::as_str);
    let [truth, found] = [worst.truth, worst.found].map(name);
    let file = thumbnail.name.rsplit(['/', '\\']).next().unwrap_or_default();
    html! {
        figure {
            div.picture {
                @match &thumbnail.uri {
                    Some(uri) => img.small[thumbnail.small] src=(uri) alt={ (truth) ", taken for " (found) };,
                    None => span.gone { "cannot be read" },
                }
            }
            figcaption {
                dl {
                    div.found { dt { span { "found " } b { (found) } } dd { (probability(worst.probability)) } }
                    div { dt { span { "true " } b { (truth) } } dd { (probability((-worst.loss).exp())) } }
                }
                p.file title=(thumbnail.name) { (file) }
            }
        }
    }
}
