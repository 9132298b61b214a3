//! Other implementations' dialects, by name.

use std::str::FromStr;

use effnet_spec::named::Named;
use effnet_spec::{Padding, Settings, Spec, expected, listed, named, suggest};

use super::error::{Error, Result};
use super::file::WeightsFile;
use super::names::Scheme;
use super::published::Published;
use crate::dialect::{Dialect, Fit, Interpolation};

named! {
    /// An implementation whose weights are in use elsewhere, as a source of dialects: what its weights assume of
    /// padding, normalisation and images.
    pub enum Convention: "dialect" {
        /// torchvision's own and converted weights (`torchvision/models/efficientnet.py`).
        Torchvision = "torchvision",
        /// WZMIAOMIAO's `Test11_efficientnetV2`.
        Wzm = "wzm",
        /// timm's own weights (`efficientnetv2_rw_s`).
        Timm = "timm",
        /// The weights that timm converted from automl's (`tf_efficientnetv2_*`).
        TimmTf = "timm-tf",
        /// `keras.applications.efficientnet_v2`.
        Keras = "keras",
        /// google/automl's `efficientnetv2`.
        Automl = "automl",
    }
}

/// Mean and standard deviation of pixels in 0..=1: one number for all channels, or one a channel.
type Pixels = [&'static [f64]; 2];

const HALF: Pixels = [&[0.5]; 2];
/// automl's and Keras's `(pixel - 128) / 128` for pixels in 0..=255.
const OF_128: Pixels = [&[128.0 / 255.0]; 2];
const IMAGENET: Pixels = [&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]];

/// Pixels around automl's evaluation crop: it takes the centre of an image of the test size and twice 16 more. Keras
/// names no evaluation of its own for the weights that it took from automl.
const CROP_PADDING: f64 = 32.0;
/// The least side at which automl's evaluation does not crop.
const UNCROPPED: usize = 320;

impl Convention {
    /// The dialect that its weights for this table assume. The test size is the table's. Mean and standard deviation
    /// are the table's too if it sets them and is no published network's.
    pub fn dialect(self, spec: &Spec) -> Dialect {
        use Convention::{Automl, Keras, Timm, TimmTf, Torchvision, Wzm};
        use Fit::{Crop, Cut, Squash};
        use Interpolation::{Bicubic, Bilinear, Tf1Bicubic, TfBilinear};
        use Padding::{Same, Symmetric};
        use Published::{Base, L, S};
        let own = Dialect::of(&spec.settings);
        let (published, size) = (Published::of(spec), own.test_size);
        // automl's share; timm's configurations round it to three digits.
        let share = size as f64 / (size as f64 + CROP_PADDING);
        let rounded = (share * 1e3).round() / 1e3;
        let (padding, bn_eps, [mean, std], fit, crop, interpolation) = match (self, published) {
            // torchvision converted L's weights from automl's, and trained the others itself.
            (Torchvision, Some(L)) => (Symmetric, 1e-3, HALF, Crop, 1.0, Bicubic),
            (Torchvision, _) => (Symmetric, 1e-3, IMAGENET, Crop, 1.0, Bilinear),
            (Wzm, _) => (Symmetric, 1e-3, HALF, Crop, 1.0, Bilinear),
            (Timm, _) => (Symmetric, 1e-5, IMAGENET, Crop, 1.0, Bicubic),
            // timm squashes images for all others beside the B series and S.
            (TimmTf, Some(Base)) => (Same, 1e-3, IMAGENET, Crop, rounded, Bicubic),
            (TimmTf, Some(S)) => (Same, 1e-3, HALF, Crop, 1.0, Bicubic),
            (TimmTf, _) => (Same, 1e-3, HALF, Squash, 1.0, Bicubic),
            (Keras | Automl, Some(Base)) => (Same, 1e-3, IMAGENET, Cut, share, Tf1Bicubic),
            (Keras | Automl, _) if size < UNCROPPED => (Same, 1e-3, OF_128, Cut, share, TfBilinear),
            (Keras | Automl, _) => (Same, 1e-3, OF_128, Squash, 1.0, TfBilinear),
        };
        let (mean, std) = match published {
            None if sets_pixels(&spec.settings) => (own.mean, own.std),
            _ => (mean.to_vec(), std.to_vec()),
        };
        Dialect { padding, bn_eps, mean, std, test_size: size, crop, fit, interpolation }
    }
}

/// Whether a table sets its pixels' mean or standard deviation.
fn sets_pixels(settings: &Settings) -> bool {
    (&settings.mean, &settings.std) != (&Settings::DEFAULT.mean, &Settings::DEFAULT.std)
}

impl FromStr for Convention {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name).ok_or_else(|| {
            let names = || Self::ALL.map(Self::name);
            Error::UnknownDialect {
                name: name.to_owned(),
                expected: expected(suggest(name, names()), &listed(names())),
            }
        })
    }
}

/// What a caller knows of the code that a file's weights were made for.
///
/// Made from a [`Convention`], from a [`Dialect`] of the caller's own, or from `None` where the file is to say it.
#[derive(Clone, Debug, Default)]
pub enum Said {
    /// Nothing: the file's own metadata say it, or its names imply it.
    #[default]
    Nothing,
    /// The implementation.
    Convention(Convention),
    /// Everything, such as for weights that somebody trained on images prepared in a way of his own.
    Dialect(Dialect),
}

impl From<Option<Convention>> for Said {
    fn from(convention: Option<Convention>) -> Self {
        convention.map_or(Self::Nothing, Self::Convention)
    }
}

impl From<Convention> for Said {
    fn from(convention: Convention) -> Self {
        Self::Convention(convention)
    }
}

impl From<Dialect> for Said {
    fn from(dialect: Dialect) -> Self {
        Self::Dialect(dialect)
    }
}

impl WeightsFile {
    /// The dialect that the file's weights assume, for a network of this table: the one that was `said`, or that of the
    /// convention that was; else that of the file's own metadata, else that of the convention that its names imply.
    /// Loading logs an implied one if the table is no published network's.
    ///
    /// # Errors
    /// When nothing was said, and the names are timm's, which imply none, or nobody's.
    pub fn dialect(&self, spec: &Spec, said: impl Into<Said>) -> Result<Dialect> {
        let convention = match (said.into(), self.said_dialect()) {
            (Said::Dialect(dialect), _) => return Ok(dialect),
            (Said::Convention(convention), _) => return Ok(convention.dialect(spec)),
            (Said::Nothing, Some(dialect)) => return Ok(dialect.clone()),
            (Said::Nothing, None) => match self.scheme()? {
                Scheme::Own => Convention::Wzm,
                Scheme::Torchvision => Convention::Torchvision,
                Scheme::Timm => return Err(Error::DialectUnsaid(self.path().to_path_buf())),
            },
        };
        let dialect = convention.dialect(spec);
        if Published::of(spec).is_none() {
            self.assume(|| {
                format!(
                    "`{}` does not say how its images were prepared, and `{}` is no published network: {} is assumed, as \
                     for weights of {}; name another convention with `--dialect`, or set `mean` and `std` in the table",
                    self.path().display(),
                    spec.name,
                    serde_json::to_string(&dialect).unwrap_or_default(),
                    convention.name(),
                )
            });
        }
        Ok(dialect)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use effnet_spec::{Operator, Row, Settings};

    use super::Published::{Base, L, M, S};
    use super::*;

    /// A network that nobody has published.
    fn spec(eval_size: usize) -> Spec {
        let rows = vec![Row::new(1, 3, 1, 1, 32, 32, Operator::Fused, 0.0)];
        let settings = Settings { eval_size: Some(eval_size), ..Settings::DEFAULT };
        Spec { name: Cow::Borrowed("Test"), rows: Cow::Owned(rows), settings }
    }

    #[test]
    fn names_round_trip() {
        for convention in Convention::ALL {
            assert_eq!(convention.name().parse::<Convention>().unwrap(), convention);
        }
        let error = "tensorflow".parse::<Convention>().unwrap_err().to_string();
        assert!(error.contains("`tensorflow`") && error.contains("timm-tf"), "{error}");
    }

    fn of(published: Published, eval_size: usize) -> Spec {
        Spec { rows: published.rows().collect(), ..spec(eval_size) }
    }

    /// The values are timm's configurations of `tf_efficientnetv2_b0` to `b3`, `_s` to `_l`.
    #[test]
    fn crops_are_those_of_timm() {
        for (spec, size, crop, fit) in [
            (of(Base, 224), 224, 0.875, Fit::Crop),
            (of(Base, 240), 240, 0.882, Fit::Crop),
            (of(Base, 260), 260, 0.890, Fit::Crop),
            (of(Base, 300), 300, 0.904, Fit::Crop),
            (of(S, 384), 384, 1.0, Fit::Crop),
            (of(M, 480), 480, 1.0, Fit::Squash),
            (of(L, 480), 480, 1.0, Fit::Squash),
        ] {
            let dialect = Convention::TimmTf.dialect(&spec);
            assert_eq!((dialect.crop, dialect.fit, dialect.test_size), (crop, fit, size));
        }
    }

    /// The values follow `preprocess_for_eval` in automl's `preprocessing.py`, and in its `preprocess_legacy.py` for
    /// the B series.
    #[test]
    fn automl_cuts_small_images_out_and_squashes_large_ones() {
        for (spec, crop, fit, interpolation) in [
            (of(Base, 224), 224.0 / 256.0, Fit::Cut, Interpolation::Tf1Bicubic),
            (spec(300), 300.0 / 332.0, Fit::Cut, Interpolation::TfBilinear),
            (spec(384), 1.0, Fit::Squash, Interpolation::TfBilinear),
        ] {
            for convention in [Convention::Automl, Convention::Keras] {
                let dialect = convention.dialect(&spec);
                assert_eq!((dialect.crop, dialect.fit, dialect.interpolation), (crop, fit, interpolation));
            }
        }
    }

    /// Files from before the key lack it, and it is not written for a crop.
    #[test]
    fn metadata_without_a_fit_means_a_crop() {
        let dialect = Convention::Torchvision.dialect(&of(S, 384));
        let text = serde_json::to_string(&dialect).unwrap();
        assert!(!text.contains("fit") && text.contains(r#""interpolation":"bilinear""#), "{text}");
        assert_eq!(serde_json::from_str::<Dialect>(&text).unwrap(), dialect);
        let squashed = Convention::Automl.dialect(&of(S, 384));
        let text = serde_json::to_string(&squashed).unwrap();
        assert!(text.contains(r#""fit":"squash""#) && text.contains(r#""interpolation":"tf-bilinear""#), "{text}");
        assert_eq!(serde_json::from_str::<Dialect>(&text).unwrap(), squashed);
    }

    #[test]
    fn padding_and_epsilon() {
        let spec = spec(300);
        for (convention, padding, bn_eps) in [
            (Convention::Torchvision, Padding::Symmetric, 1e-3),
            (Convention::Wzm, Padding::Symmetric, 1e-3),
            (Convention::Timm, Padding::Symmetric, 1e-5),
            (Convention::TimmTf, Padding::Same, 1e-3),
            (Convention::Keras, Padding::Same, 1e-3),
            (Convention::Automl, Padding::Same, 1e-3),
        ] {
            let dialect = convention.dialect(&spec);
            assert_eq!((dialect.padding, dialect.bn_eps), (padding, bn_eps), "{convention:?}");
        }
    }

    /// A table of 40 blocks that ends 256 wide is S's only if the blocks between are.
    #[test]
    fn a_relative_of_s_or_l_gets_none_of_their_exceptions() {
        for (published, convention) in [(S, Convention::TimmTf), (L, Convention::Torchvision)] {
            let known = of(published, 384);
            let mut relative = known.clone();
            let rows = relative.rows.to_mut();
            (rows[3].repeats, rows[4].repeats) = (rows[3].repeats - 1, rows[4].repeats + 1);
            assert_eq!(relative.num_blocks(), known.num_blocks());
            assert_eq!(convention.dialect(&relative), convention.dialect(&spec(384)));
            assert_ne!(convention.dialect(&relative), convention.dialect(&known));
        }
    }

    #[test]
    fn only_a_table_of_ones_own_says_what_pixels_are_normalised_by() {
        let set = |spec: Spec| {
            let settings = Settings { mean: vec![0.1].into(), std: vec![0.2].into(), ..spec.settings };
            Spec { settings, ..spec }
        };
        for convention in Convention::ALL {
            let dialect = convention.dialect(&set(spec(384)));
            assert_eq!((dialect.mean, dialect.std), (vec![0.1], vec![0.2]));
            assert_eq!(convention.dialect(&set(of(S, 384))), convention.dialect(&of(S, 384)));
        }
    }
}
