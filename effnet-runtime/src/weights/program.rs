//! The weights of a whole program, whatever networks and layers it consists of.

use std::path::Path;

use super::error::{Error, Result};
use super::file::WeightsFile;
use super::metadata::Program;
use super::mismatch::{Mismatch, WrongShape};
use super::names::is_batch_count;
use super::save::write;
use super::write::NumberFormat;
use crate::dialect::Dialect;
use crate::params::Params;

impl Params {
    /// Writes all weights and buffers as a safetensors file, by their names: those of a whole program, with candle's
    /// own layers in it. [`Params::load`] reads it. The write is atomic, and the file's bytes depend on nothing but the
    /// weights and their dialect.
    ///
    /// # Errors
    /// When the folder is missing or cannot be written to.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let (path, program) = (path.as_ref(), Program { dialect: self.dialect().cloned() });
        let header =
            program.to_header().map_err(|reason| Error::Unserializable { path: path.to_path_buf(), reason })?;
        write(
            path,
            self.all().into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect(),
            header,
            NumberFormat::F32,
        )
    }

    /// Fills all weights and buffers, in place, from a file with exactly these names and shapes: that of
    /// [`Params::save`], or any other safetensors file or PyTorch checkpoint. Build the program first, so that they
    /// exist. Nothing changes unless everything fits. For one network's weights by another implementation's names,
    /// there is [`super::load`].
    ///
    /// # Errors
    /// When the file lacks a parameter, or has one more or in another shape: all are named. When its weights assume
    /// another padding or epsilon, it cannot be read, or a weight is NaN or infinite.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<()> {
        let file = WeightsFile::open_whole(path)?;
        if let Some(program) = file.program() {
            same_arithmetic(&file, program.dialect.as_ref(), self.dialect())?;
        }
        let all = self.all();
        let (mut missing, mut wrong_shape) = (Vec::new(), Vec::new());
        for (name, var) in &all {
            match file.weight(name)? {
                None => missing.push(name.clone()),
                Some(found) if found.shape != var.dims() => {
                    let (file, network) = (found.shape.clone(), var.dims().to_vec());
                    wrong_shape.push(WrongShape { name: name.clone(), file, network });
                }
                Some(_) => {}
            }
        }
        let is_unexpected = |name: &&str| !is_batch_count(name) && self.get(name).is_none();
        let unexpected: Vec<_> = file.names().filter(is_unexpected).map(str::to_owned).collect();
        if !(missing.is_empty() && unexpected.is_empty() && wrong_shape.is_empty()) {
            let (path, network) = (file.path().to_path_buf(), "the parameters".to_owned());
            return Err(Error::Mismatch(Box::new(Mismatch { path, network, missing, unexpected, wrong_shape })));
        }
        // Read once for its values to be checked, so that nothing changes if one is at fault.
        for (name, _) in &all {
            file.values(name)?;
        }
        for (name, var) in &all {
            var.set(&file.read_f32(name, var.device())?)?;
        }
        Ok(())
    }
}

/// Checks that a file's weights assume the padding and the epsilon that networks were built with. Without a dialect,
/// each assumes what its table says.
///
/// # Errors
/// When they do not.
pub(super) fn same_arithmetic(file: &WeightsFile, theirs: Option<&Dialect>, ours: Option<&Dialect>) -> Result<()> {
    let arithmetic = |dialect: &Dialect| (dialect.padding, dialect.bn_eps);
    if theirs.map(arithmetic) == ours.map(arithmetic) {
        return Ok(());
    }
    let describe = |dialect: Option<&Dialect>| match dialect {
        Some(Dialect { padding, bn_eps, .. }) => {
            format!("assume `{padding}` padding and a batch normalisation epsilon of {bn_eps}")
        }
        None => "assume the padding and the epsilon of their tables".to_owned(),
    };
    Err(Error::OtherDialect { path: file.path().to_path_buf(), file: describe(theirs), network: describe(ours) })
}
