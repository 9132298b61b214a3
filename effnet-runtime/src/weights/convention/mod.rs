//! Other implementations' dialects, by name.

mod images;
mod timm;

use std::str::FromStr;

use effnet_spec::named::Named;
use effnet_spec::{HeadKind, Padding, Settings, Spec, expected, listed, named, suggest};

use super::error::{Error, Result};
use super::published::{Published, Series};
use crate::dialect::{Dialect, Interpolation};
use images::Images;

/// Classes of Google's ImageNet-21k.
const IMAGENET_21K: usize = 21_843;

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
        /// automl's first weights as programs of PyTorch use them: lukemelas' `EfficientNet-PyTorch`, and its Lite.
        Lukemelas = "lukemelas",
    }
}

impl Convention {
    /// The dialect that its weights for this table assume. The test size is the table's. Mean and standard deviation are
    /// the implementation's where the rows are those of a published network; else the table's, if it sets them.
    ///
    /// A table does not tell everything. timm and Keras have weights of several trainings for some networks
    /// (`tf_efficientnet_b0.ap_in1k`, `efficientnet_b1.ra4_e3600_r240_in1k`), some with images prepared in another way than
    /// the one that is assumed here: their dialect must be the caller's own [`Dialect`].
    pub fn dialect(self, spec: &Spec) -> Dialect {
        self.dialect_of(spec, None)
    }

    /// [`Self::dialect`] for a classifier of this many classes, where it has one: its width may tell the training.
    pub(super) fn dialect_of(self, spec: &Spec, classes: Option<usize>) -> Dialect {
        let own = Dialect::of(&spec.settings);
        let (published, size) = (Published::of(spec), own.test_size);
        let (padding, bn_eps) = self.arithmetic(published);
        let [mut mean, mut std] = [own.mean, own.std];
        let images = self.images(published, spec.settings.head, size, classes == Some(IMAGENET_21K));
        if published.is_some() || (mean == *Settings::DEFAULT.mean && std == *Settings::DEFAULT.std) {
            [mean, std] = images.pixels.map(<[f64]>::to_vec);
        }
        let Images { fit, crop, interpolation, .. } = images;
        Dialect { padding, bn_eps, mean, std, test_size: size, crop, fit, interpolation }
    }

    /// Padding, and epsilon of batch normalisation.
    fn arithmetic(self, published: Option<Published>) -> (Padding, f64) {
        match (self, published) {
            // torchvision's first trainings took PyTorch's default.
            (Self::Torchvision, Some(Published { series: Series::V1, number: 0..=4 })) => (Padding::Symmetric, 1e-5),
            (Self::Torchvision | Self::Wzm, _) => (Padding::Symmetric, 1e-3),
            (Self::Timm, _) => (Padding::Symmetric, 1e-5),
            (Self::TimmTf | Self::Keras | Self::Automl | Self::Lukemelas, _) => (Padding::Same, 1e-3),
        }
    }

    /// Images of `size` pixels for a network with this head, trained on ImageNet-21k or not.
    fn images(self, published: Option<Published>, head: HeadKind, size: usize, is_21k: bool) -> Images {
        match self {
            // V2's B3 of 21k, alone of its series, was not trained with the first version's images.
            Self::TimmTf if is_21k => timm::on_21k(published, head, size),
            Self::Torchvision => images::torchvision(published),
            Self::Wzm => Images::whole(images::HALF, Interpolation::Bilinear),
            Self::Timm => timm::own(published, size),
            Self::TimmTf => timm::converted(published, head, size),
            Self::Keras | Self::Automl => images::automl(published, size),
            Self::Lukemelas => images::lukemelas(published, size),
        }
    }
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

#[cfg(test)]
mod tests;
