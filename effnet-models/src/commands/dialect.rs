//! `--dialect` and the flags of its fields, which several commands share.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use effnet_runtime::spec::named::Named;
use effnet_runtime::weights::{Convention, Said};
use effnet_runtime::{Fit, Interpolation};

/// What the weights file does not say of its dialect, or says wrong.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct DialectFlags {
    /// Conventions of a file that does not tell them: torchvision, wzm, timm, timm-tf, keras, automl or lukemelas
    #[arg(long, value_name = "NAME", help_heading = DIALECT)]
    dialect: Option<Convention>,
    /// Mean of pixels in 0..=1: one number, or one a channel with commas between them
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', help_heading = DIALECT)]
    mean: Option<Vec<f64>>,
    /// Standard deviation of pixels in 0..=1, as --mean
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', help_heading = DIALECT)]
    std: Option<Vec<f64>>,
    /// Share of the image's shorter side that evaluation crops
    #[arg(long, value_name = "SHARE", help_heading = DIALECT)]
    crop: Option<f64>,
    /// How evaluation makes a square: crop the resized image, squash it, or cut before resizing
    #[arg(long, value_parser = words::<Fit>(), help_heading = DIALECT)]
    fit: Option<Fit>,
    /// How evaluation resizes
    #[arg(long, value_parser = words::<Interpolation>(), help_heading = DIALECT)]
    interpolation: Option<Interpolation>,
    /// Side in pixels of evaluation's images
    #[arg(long, value_name = "PIXELS", help_heading = DIALECT)]
    test_size: Option<usize>,
}

/// Heading of `--help`.
const DIALECT: &str = "Dialect (where the weights file does not say it)";

/// A parser of a word's members.
fn words<W: Named + Send + Sync>() -> impl TypedValueParser<Value = W> {
    let names = W::NAMES.iter().map(|(name, _)| *name);
    PossibleValuesParser::new(names).try_map(|name| W::named(&name).ok_or("no such word"))
}

impl DialectFlags {
    pub(super) fn said(&self) -> Said {
        let Self { dialect, mean, std, crop, fit, interpolation, test_size } = self.clone();
        Said { mean, std, crop, fit, interpolation, test_size, ..dialect.into() }
    }
}
