//! Writes a `config.json`.

use std::path::Path;

use effnet_spec::{Padding, Spec};
use serde_json::{Value, json};

use super::architecture::{arithmetic, name};
use super::{FILE_NAME, TimmConfig};
use crate::dialect::{Dialect, Fit, Interpolation};
use crate::weights::atomic::write_atomically;
use crate::weights::error::{Error, Result};

/// Factor from a side of the last map to one of the image, in all of timm's EfficientNets.
const STRIDE: usize = 32;

impl TimmConfig {
    /// The configuration of a network's weights. Where timm's model of this table pads by another rule, or normalises by
    /// another epsilon, `model_args` will say so.
    ///
    /// # Errors
    /// [`Error::NoTimmName`] when timm has no EfficientNet with this table and head.
    pub fn of_network(spec: &Spec, dialect: &Dialect, num_classes: usize, labels: &[String]) -> Result<Self> {
        Ok(Self {
            architecture: name(spec, dialect)?,
            num_classes,
            in_channels: spec.settings.in_channels,
            labels: labels.to_vec(),
            dialect: dialect.clone(),
        })
    }

    /// Whether there is room for it beside a weights file; none is needed where the same is there already.
    ///
    /// # Errors
    /// When another `config.json` is there.
    pub(in crate::weights) fn is_free_beside(&self, weights: &Path) -> Result<bool> {
        let path = weights.parent().unwrap_or(Path::new("")).join(FILE_NAME);
        let same = |text: &[u8]| serde_json::from_slice::<Value>(text).is_ok_and(|value| value == self.to_json());
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Ok(text) if same(&text) => Ok(false),
            _ => Err(Error::TimmConfig {
                path,
                reason: "is of other weights: write these into a folder of their own".into(),
            }),
        }
    }

    /// Writes it into the folder of a weights file in timm's names, atomically. `timm.create_model("local-dir:FOLDER",
    /// pretrained=True)` reads both. TensorFlow's kernels of resizing become Pillow's of the same order, which timm
    /// knows.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write_beside(&self, weights: &Path) -> Result<()> {
        let path = weights.parent().unwrap_or(Path::new("")).join(FILE_NAME);
        let text = format!("{:#}\n", self.to_json());
        write_atomically(&path, |file| std::io::Write::write_all(file, text.as_bytes()))
            .map_err(|reason| Error::Unwritable { path, reason })
    }

    /// The file's content.
    pub(super) fn to_json(&self) -> Value {
        let Self { architecture, num_classes, in_channels, labels, dialect } = self;
        let size = dialect.test_size;
        let channels = |numbers: &[f64]| match *numbers {
            [number] => vec![number; *in_channels],
            _ => numbers.to_vec(),
        };
        let pool = size.div_ceil(STRIDE);
        let mut config = json!({
            "architecture": architecture,
            "num_classes": num_classes,
            "global_pool": "avg",
            "pretrained_cfg": {
                "input_size": [in_channels, size, size],
                "fixed_input_size": false,
                "interpolation": match dialect.interpolation {
                    Interpolation::Bilinear | Interpolation::TfBilinear => "bilinear",
                    Interpolation::Bicubic | Interpolation::Tf1Bicubic => "bicubic",
                },
                "crop_pct": dialect.crop,
                "crop_mode": match dialect.fit {
                    // A crop before resizing takes the same part of the image.
                    Fit::Crop | Fit::Cut => "center",
                    Fit::Squash => "squash",
                },
                "mean": channels(&dialect.mean),
                "std": channels(&dialect.std),
                "num_classes": num_classes,
                "pool_size": [pool, pool],
                "first_conv": "conv_stem",
                "classifier": "classifier",
            },
        });
        let (padding, bn_eps) = arithmetic(architecture);
        let mut arguments = serde_json::Map::new();
        if dialect.padding != padding {
            arguments.insert("pad_type".into(), json!(if dialect.padding == Padding::Same { "same" } else { "" }));
        }
        if dialect.bn_eps != bn_eps {
            arguments.insert("bn_eps".into(), json!(dialect.bn_eps));
        }
        if *in_channels != 3 {
            arguments.insert("in_chans".into(), json!(in_channels));
        }
        if !arguments.is_empty() {
            config["model_args"] = Value::Object(arguments);
        }
        if !labels.is_empty() {
            config["label_names"] = json!(labels);
        }
        config
    }
}
