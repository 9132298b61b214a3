//! The dialect of a file's weights, by what is said of it.

use effnet_spec::{Padding, Spec};

use super::convention::Convention;
use super::error::{Error, Result};
use super::file::WeightsFile;
use super::names::Scheme;
use super::published::Published;
use super::timm_config::TimmConfig;
use crate::dialect::{Dialect, Fit, Interpolation};

/// What a caller knows of the code that a file's weights were made for, and of how their images are prepared. What is said
/// goes before what the file says.
///
/// Made from a [`Convention`], from a [`Dialect`] of the caller's own, which says everything, or from `None` where the file
/// is to say it; or field by field:
///
/// ```
/// # use effnet_runtime::weights::{Convention, Said};
/// let said = Said { crop: Some(0.95), ..Convention::TimmTf.into() };
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The implementation.
    pub convention: Option<Convention>,
    /// Padding of convolutions.
    pub padding: Option<Padding>,
    /// Epsilon of batch normalisation.
    pub bn_eps: Option<f64>,
    /// Mean to subtract from pixels in 0..=1: one number for all channels, or one a channel.
    pub mean: Option<Vec<f64>>,
    /// Standard deviation to divide pixels by: one number for all channels, or one a channel.
    pub std: Option<Vec<f64>>,
    /// Side in pixels of an evaluation image.
    pub test_size: Option<usize>,
    /// Share of the image's shorter side that evaluation crops from its centre.
    pub crop: Option<f64>,
    /// How evaluation makes a square of the image.
    pub fit: Option<Fit>,
    /// How evaluation resizes.
    pub interpolation: Option<Interpolation>,
}

impl From<Option<Convention>> for Said {
    fn from(convention: Option<Convention>) -> Self {
        Self { convention, ..Self::default() }
    }
}

impl From<Convention> for Said {
    fn from(convention: Convention) -> Self {
        Some(convention).into()
    }
}

impl From<Dialect> for Said {
    fn from(dialect: Dialect) -> Self {
        let Dialect { padding, bn_eps, mean, std, test_size, crop, fit, interpolation } = dialect;
        Self {
            convention: None,
            padding: Some(padding),
            bn_eps: Some(bn_eps),
            mean: Some(mean),
            std: Some(std),
            test_size: Some(test_size),
            crop: Some(crop),
            fit: Some(fit),
            interpolation: Some(interpolation),
        }
    }
}

impl Said {
    /// The dialect, where every field is said.
    fn whole(&self) -> Option<Dialect> {
        Some(Dialect {
            padding: self.padding?,
            bn_eps: self.bn_eps?,
            mean: self.mean.clone()?,
            std: self.std.clone()?,
            test_size: self.test_size?,
            crop: self.crop?,
            fit: self.fit?,
            interpolation: self.interpolation?,
        })
    }

    /// A dialect with the fields that are said in place of its own.
    fn over(&self, dialect: Dialect) -> Dialect {
        Dialect {
            padding: self.padding.unwrap_or(dialect.padding),
            bn_eps: self.bn_eps.unwrap_or(dialect.bn_eps),
            mean: self.mean.clone().unwrap_or(dialect.mean),
            std: self.std.clone().unwrap_or(dialect.std),
            test_size: self.test_size.unwrap_or(dialect.test_size),
            crop: self.crop.unwrap_or(dialect.crop),
            fit: self.fit.unwrap_or(dialect.fit),
            interpolation: self.interpolation.unwrap_or(dialect.interpolation),
        }
    }
}

/// What tells the fields of a dialect that are not said.
enum Teller {
    Metadata,
    Convention(Convention),
    TimmConfig(TimmConfig),
    /// The names, for a network that nobody has published.
    Guess(Convention),
}

impl WeightsFile {
    /// The dialect that the file's weights assume, for a network of this table: what was [`Said`]; else what the file's own
    /// metadata say; else, for timm's names, what timm's `config.json` in the file's folder says; else the dialect of the
    /// convention that the names imply. Loading logs in one line what is not from the file itself, as a warning if it is
    /// a guess.
    ///
    /// # Errors
    /// When nothing was said, and the names are nobody's, or timm's, which imply no dialect, without a `config.json`; when
    /// that cannot be understood.
    pub fn dialect(&self, spec: &Spec, said: impl Into<Said>) -> Result<Dialect> {
        let said = said.into();
        if let Some(dialect) = said.whole() {
            return Ok(dialect);
        }
        let classes = self.num_classes().ok().flatten();
        let (dialect, teller) = match (said.convention, self.said_dialect()) {
            (Some(convention), _) => (convention.dialect_of(spec, classes), Teller::Convention(convention)),
            (None, Some(dialect)) => (dialect.clone(), Teller::Metadata),
            (None, None) => self.told(spec, classes)?,
        };
        let taken = said.over(dialect.clone());
        self.say(spec, &taken, &teller, taken != dialect);
        Ok(taken)
    }

    /// The dialect that the names tell, or timm's configuration beside them.
    fn told(&self, spec: &Spec, classes: Option<usize>) -> Result<(Dialect, Teller)> {
        let convention = match self.scheme()? {
            Scheme::Own => Convention::Wzm,
            Scheme::Torchvision => Convention::Torchvision,
            Scheme::Lukemelas => Convention::Lukemelas,
            Scheme::Automl | Scheme::AutomlObjects => Convention::Automl,
            Scheme::Keras => Convention::Keras,
            Scheme::Timm => {
                let Some(config) = self.timm_config()? else {
                    let choice = |convention: Convention| (convention.name(), convention.dialect_of(spec, classes));
                    let choices = [Convention::TimmTf, Convention::Timm].map(choice);
                    return Err(Error::DialectUnsaid { path: self.path().to_path_buf(), choices: Box::new(choices) });
                };
                return Ok((config.dialect.clone(), Teller::TimmConfig(config)));
            }
        };
        let teller = if Published::of(spec).is_some() { Teller::Convention } else { Teller::Guess };
        Ok((convention.dialect_of(spec, classes), teller(convention)))
    }

    /// Keeps a sentence about what is taken, for loading to log.
    fn say(&self, spec: &Spec, dialect: &Dialect, teller: &Teller, changed: bool) {
        let path = self.path().display();
        let changed = if changed { ", but for what was said" } else { "" };
        match teller {
            Teller::Metadata if changed.is_empty() => {}
            Teller::Metadata => self.take(|| format!("`{path}`: {dialect}, as its metadata say{changed}")),
            Teller::Convention(convention) => {
                self.take(|| format!("`{path}`: {dialect}, as for weights of {convention}{changed}"));
            }
            Teller::TimmConfig(config) => self.take(|| {
                format!("`{path}`: {dialect}, as timm's `config.json` beside it says of {}{changed}", config.architecture)
            }),
            Teller::Guess(convention) => self.assume(|| {
                format!(
                    "`{path}` does not say how its images were prepared, and `{}` is no published network: {dialect} are \
                     assumed, as for weights of {convention}{changed}; say another dialect, or set `mean` and `std` in the \
                     table",
                    spec.name,
                )
            }),
        }
    }
}
