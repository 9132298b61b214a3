//! Writes a network's weights under another implementation's names, in a format of its own.

use std::collections::HashMap;
use std::path::Path;

use super::convention::Convention;
use super::error::{Error, Result};
use super::format::Format;
use super::metadata::Metadata;
use super::names::Scheme;
use super::save::write;
use super::timm_config::TimmConfig;
use super::write::{Named, NumberFormat, write_torch};
#[cfg(feature = "formats")]
use super::write::{images_of_keras, write_keras_h5, write_keras_weights};
use crate::network::Network;

/// Writes a network's weights and buffers under the names of `scheme` and in its layouts. The end of `path` says the format:
/// safetensors (`.safetensors`), PyTorch's (`.pth`, `.pt`, `.bin`), Keras' (`.weights.h5`, `.h5`, with the feature
/// `formats`). The write is atomic.
///
/// A safetensors file in our names carries `about`, as [`save`](super::save) writes it. Beside timm's names stands a
/// `config.json` that timm reads (`timm.create_model("local-dir:FOLDER", pretrained=True)`), unless timm has no such network,
/// which is logged; so is an implementation that would compute something else with these weights.
///
/// # Errors
/// When the scheme cannot name the network, or the format cannot hold the scheme's names or the numbers; when a number is
/// too large for `numbers`; when another `config.json` is in the way, or the folder cannot be written to.
pub fn export_as(
    path: impl AsRef<Path>,
    network: &dyn Network,
    about: &Metadata,
    scheme: Scheme,
    numbers: NumberFormat,
) -> Result<()> {
    let path = path.as_ref();
    let format = Format::of(path)?;
    let cannot = |reason: String| Error::CannotExport { path: path.to_path_buf(), reason };
    if format.is_keras() && scheme != Scheme::Keras {
        return Err(cannot(format!("Keras' format has Keras' names alone, and these would be {scheme}'s")));
    }
    if format.is_keras() && numbers != NumberFormat::F32 {
        return Err(cannot("Keras' format has numbers of 32 bits alone".into()));
    }
    let config = (scheme == Scheme::Timm).then(|| config(path, network, about)).transpose()?.flatten();
    let tensors = named(network, scheme)?;
    compare_arithmetic(scheme, network);
    match format {
        Format::Safetensors => {
            let header = match scheme {
                Scheme::Own => about.to_header(),
                // Hugging Face's libraries want to be told that the tensors are PyTorch's.
                _ => Ok(HashMap::from([("format".to_owned(), "pt".to_owned())])),
            };
            let header = header.map_err(|reason| Error::Unserializable { path: path.to_path_buf(), reason })?;
            let tensors = tensors.into_iter().map(|named| (named.name, named.values)).collect();
            write(path, tensors, header, numbers)?;
        }
        Format::Torch => write_torch(path, &tensors, numbers, !scheme.is_tensorflow())?,
        Format::KerasWeights | Format::KerasH5 => return keras(path, format, network, tensors),
    }
    match config {
        Some(config) => config.write_beside(path),
        None => Ok(()),
    }
}

#[cfg(feature = "formats")]
fn keras(path: &Path, format: Format, network: &dyn Network, mut tensors: Vec<Named>) -> Result<()> {
    tensors.splice(0..0, images_of_keras(&tensors, network.dialect(), network.spec().settings.in_channels)?);
    if format == Format::KerasH5 { write_keras_h5(path, &tensors) } else { write_keras_weights(path, &tensors) }
}

#[cfg(not(feature = "formats"))]
fn keras(path: &Path, _: Format, _: &dyn Network, _: Vec<Named>) -> Result<()> {
    let reason = "this build of effnet writes no HDF5: build it with the feature `formats`".to_owned();
    Err(Error::CannotExport { path: path.to_path_buf(), reason })
}

/// Logs where an implementation's own program would compute something else with these weights.
fn compare_arithmetic(scheme: Scheme, network: &dyn Network) {
    let theirs = match scheme {
        Scheme::Torchvision => Convention::Torchvision,
        Scheme::Lukemelas => Convention::Lukemelas,
        Scheme::Automl | Scheme::AutomlObjects => Convention::Automl,
        Scheme::Keras => Convention::Keras,
        // These files say it themselves.
        Scheme::Own | Scheme::Timm => return,
    };
    let [theirs, ours] =
        [&theirs.dialect(network.spec()), network.dialect()].map(|dialect| (dialect.padding, dialect.bn_eps));
    if theirs != ours {
        tracing::warn!(
            "{scheme} computes with `{}` padding and an epsilon of {}, and these weights are made for `{}` padding and {}: \
             there they give other results",
            theirs.0,
            theirs.1,
            ours.0,
            ours.1
        );
    }
}

/// The parameters by a scheme's names and in its layouts, in the network's order.
fn named(network: &dyn Network, scheme: Scheme) -> Result<Vec<Named>> {
    let mut tensors = Vec::new();
    for pair in scheme.pairs(network.spec())? {
        // A network without a classifier has no parameters of one.
        if let Some(var) = network.params().get(&pair.ours) {
            tensors.push(Named::new(pair.theirs, pair.layout.to_theirs(var.as_tensor())?));
        }
    }
    Ok(tensors)
}

/// timm's configuration, to be written beside the weights; none where it is there already, or timm has no such network.
fn config(path: &Path, network: &dyn Network, about: &Metadata) -> Result<Option<TimmConfig>> {
    let made = TimmConfig::of_network(network.spec(), network.dialect(), network.num_classes(), &about.labels);
    let config = match made {
        Err(error @ Error::NoTimmName { .. }) => {
            tracing::warn!("{error}: there is none beside `{}`", path.display());
            return Ok(None);
        }
        config => config?,
    };
    config.is_free_beside(path).map(|free| free.then_some(config))
}
