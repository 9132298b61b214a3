use super::archive::Archive;
use super::split::Least;
use super::undivided::Divide;
use super::{Split, Validation, tar};
use crate::data::error::Error;

/// The authors of [`digits`], as CC BY 4.0 asks.
pub const DIGITS_ATTRIBUTION: &str = "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, \
     UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0";

/// The bundled data set: 1,797 handwritten digits of 8 × 8 grey pixels, in ten classes: 1,437 for training and 360, 36
/// of each class, for validation. The split is part of the archive and the same for every seed.
///
/// It is an image folder in a compressed tar (`assets/digits.py` makes it), read by the same code as any other.
///
/// # Errors
/// None in a build whose tests pass: the archive is compiled in.
pub fn digits() -> Result<Split, Error> {
    let archive: &[u8] = include_bytes!("../../../assets/digits.tar.gz");
    Box::new(tar::tree(Archive::from_gzip("digits.tar.gz", archive)?)).split(Validation::Auto, 0, Least::Two)
}
