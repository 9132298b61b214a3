//! The dialect of a file's weights, by what is said of it.

use effnet_spec::Spec;

use super::convention::Convention;
use super::error::{Error, Result};
use super::file::WeightsFile;
use super::names::Scheme;
use super::published::Published;
use crate::dialect::Dialect;

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
                Scheme::Lukemelas => Convention::Lukemelas,
                Scheme::Automl | Scheme::AutomlObjects => Convention::Automl,
                Scheme::Keras => Convention::Keras,
                Scheme::Timm => return Err(Error::DialectUnsaid(self.path().to_path_buf())),
            },
        };
        let dialect = convention.dialect(spec);
        if Published::of(spec).is_none() {
            self.assume(|| {
                format!(
                    "`{}` does not say how its images were prepared, and `{}` is no published network: {} is assumed, as \
                     for weights of {}; say another dialect, or set `mean` and `std` in the table",
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
