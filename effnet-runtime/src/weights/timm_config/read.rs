//! Reads a `config.json`.

use std::io::ErrorKind;
use std::path::Path;

use effnet_spec::Padding;
use serde_json::Value;

use super::TimmConfig;
use super::architecture::arithmetic;
use super::fields::Fields;
use crate::dialect::{Dialect, Fit, Interpolation};
use crate::weights::error::{Error, Result};

/// The longest file: names and descriptions of 21,843 classes are 2 MB.
const MAX_LENGTH: u64 = 64 << 20;

/// timm's `IMAGENET_DEFAULT_MEAN` and `_STD`, `DEFAULT_CROP_PCT` and size, where a configuration says nothing.
const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const STD: [f64; 3] = [0.229, 0.224, 0.225];
const CROP: f64 = 0.875;
const SIZE: [usize; 3] = [3, 224, 224];

impl TimmConfig {
    /// Reads a configuration; none where there is no such file, or it is another program's: timm's names an
    /// `architecture`.
    ///
    /// Image size and crop are those of timm's own evaluation (`validate.py`, which passes `use_test_size` to
    /// `resolve_data_config`): `test_input_size` and `test_crop_pct` before `input_size` and `crop_pct`.
    ///
    /// # Errors
    /// When it cannot be read, is no JSON, has a field of another kind, or prepares images in a way that effnet does not.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let refuse = |reason: String| Error::TimmConfig { path: path.to_path_buf(), reason };
        let length = match std::fs::metadata(path) {
            Ok(about) if about.is_file() => about.len(),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refuse(format!("cannot be read: {error}"))),
        };
        if length > MAX_LENGTH {
            return Err(refuse(format!("has {length} bytes, and a configuration has less than {MAX_LENGTH}")));
        }
        let text = std::fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let value: Value = serde_json::from_slice(&text).map_err(|error| refuse(format!("is no JSON: {error}")))?;
        let Some(object) = value.as_object() else { return Ok(None) };
        let whole = Fields { path, object };
        match whole.get("architecture") {
            Some(Value::String(_)) => Self::of(whole).map(Some),
            _ if whole.get("pretrained_cfg").is_some() => Err(refuse("names no `architecture`".into())),
            _ => Ok(None),
        }
    }

    fn of(whole: Fields<'_>) -> Result<Self> {
        // Older files are one flat object.
        let images = whole.object("pretrained_cfg")?.unwrap_or(whole);
        let arguments = whole.object("model_args")?;
        let name = whole.text("architecture")?.unwrap_or_default();
        let architecture = name.split_once('.').map_or(name, |(architecture, _tag)| architecture);
        let [channels, height, width] = images.size("test_input_size")?.or(images.size("input_size")?).unwrap_or(SIZE);
        if height != width || height == 0 {
            let key = if images.get("test_input_size").is_some() { "test_input_size" } else { "input_size" };
            return Err(images.wrong(key, "effnet's images are square: say a dialect and the size"));
        }
        let in_channels = arguments.map(|arguments| arguments.whole("in_chans")).transpose()?.flatten();
        let num_classes = whole.whole("num_classes")?.or(images.whole("num_classes")?).unwrap_or(1000);
        let labels = labels(whole, images, num_classes)?;
        Ok(Self {
            architecture: architecture.to_owned(),
            num_classes,
            in_channels: in_channels.unwrap_or(channels),
            labels,
            dialect: dialect(architecture, images, arguments, height)?,
        })
    }
}

fn dialect(architecture: &str, images: Fields<'_>, arguments: Option<Fields<'_>>, size: usize) -> Result<Dialect> {
    let (mut padding, mut bn_eps) = arithmetic(architecture);
    if let Some(arguments) = arguments {
        bn_eps = arguments.number("bn_eps")?.unwrap_or(bn_eps);
        padding = match arguments.text("pad_type")? {
            None => padding,
            Some("same") => Padding::Same,
            Some("") => Padding::Symmetric,
            Some(_) => return Err(arguments.wrong("pad_type", "effnet pads `same`, or by half the kernel")),
        };
    }
    let interpolation = match images.text("interpolation")? {
        None | Some("bicubic") => Interpolation::Bicubic,
        Some("bilinear") => Interpolation::Bilinear,
        Some(_) => {
            return Err(
                images.wrong("interpolation", "effnet resizes by `bicubic` or `bilinear`: say one, and a dialect")
            );
        }
    };
    let fit = match images.text("crop_mode")? {
        None | Some("center") => Fit::Crop,
        Some("squash") => Fit::Squash,
        Some(_) => {
            return Err(images.wrong("crop_mode", "effnet makes a square by `center` or `squash`: say a dialect"));
        }
    };
    // timm takes 0 for nothing said.
    let crop = |key| Ok::<_, Error>(images.number(key)?.filter(|crop| *crop != 0.0));
    Ok(Dialect {
        padding,
        bn_eps,
        mean: images.numbers("mean")?.unwrap_or(MEAN.to_vec()),
        std: images.numbers("std")?.unwrap_or(STD.to_vec()),
        test_size: size,
        crop: crop("test_crop_pct")?.or(crop("crop_pct")?).unwrap_or(CROP),
        fit,
        interpolation,
    })
}

/// The classes' names: their descriptions where it has them, as for synsets.
fn labels(whole: Fields<'_>, images: Fields<'_>, num_classes: usize) -> Result<Vec<String>> {
    let found = [(whole, "label_names"), (images, "label_names"), (whole, "labels"), (images, "labels")];
    let Some((fields, key)) = found.into_iter().find(|(fields, key)| fields.get(key).is_some()) else {
        return Ok(Vec::new());
    };
    let names: Option<Vec<&str>> = match fields.get(key) {
        Some(Value::Array(names)) => names.iter().map(Value::as_str).collect(),
        // A dictionary of indices and names.
        Some(Value::Object(names)) => (0..num_classes).map(|class| names.get(&class.to_string())?.as_str()).collect(),
        _ => None,
    };
    let names =
        names.ok_or_else(|| fields.wrong(key, "it must be a list of texts, or name every class by its number"))?;
    if names.len() != num_classes {
        return Err(fields.wrong(key, &format!("these are {} names, and there are {num_classes} classes", names.len())));
    }
    let described = whole.object("label_descriptions")?.or(images.object("label_descriptions")?);
    let describe = |name: &str| described.and_then(|described| described.get(name)?.as_str());
    Ok(names.into_iter().map(|name| describe(name).unwrap_or(name).to_owned()).collect())
}
