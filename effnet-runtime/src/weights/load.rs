//! From a file into a network.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Device, Var};
use candle_nn::VarBuilder;
use effnet_spec::{Padding, Spec};

use super::convention::Convention;
use super::error::{Error, Mismatch, Result, WrongShape};
use super::file::WeightsFile;
use super::metadata::TRAINING_PREFIX;
use super::names::{Scheme, is_batch_count};

use crate::dialect::Dialect;
use crate::network::Network;
use crate::params::Params;

/// What happens to a classifier that has not as many classes in the file as in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Classifier {
    /// The file does not fit.
    #[default]
    MustFit,
    /// The network's own is kept, as fine-tuning needs it.
    KeptIfOther,
}

/// What was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Whose names the file speaks.
    pub scheme: Scheme,
    /// Whether the network's own classifier was kept.
    pub kept_classifier: bool,
}

/// Puts a file's weights and buffers into a network, in place. Nothing is changed unless everything fits.
///
/// # Errors
/// As [`check`], and when the file cannot be read.
pub fn load(file: &WeightsFile, network: &dyn Network, classifier: Classifier) -> Result<Loaded> {
    let fit = fit(file, network, classifier)?;
    for (name, var) in fit.to_fill {
        var.set(&file.read_f32(&name, var.device())?)?;
    }
    Ok(fit.loaded)
}

/// Whether a file's weights and buffers are those of a network; reads none of them.
///
/// # Errors
/// When the file speaks nobody's names, or lacks a parameter, or has one more or in another shape, or says that its
/// weights assume another padding or epsilon than the network has.
pub fn check(file: &WeightsFile, network: &dyn Network) -> Result<()> {
    fit(file, network, Classifier::MustFit).map(|_| ())
}

/// The parameters that a file fills, by their names in it.
struct Fit {
    to_fill: BTreeMap<String, Var>,
    loaded: Loaded,
}

fn fit(file: &WeightsFile, network: &dyn Network, classifier: Classifier) -> Result<Fit> {
    let scheme = file.scheme()?;
    if let Some(metadata) = file.metadata() {
        same_arithmetic(file, &metadata.dialect, network.dialect())?;
    }
    let mut to_fill = BTreeMap::new();
    let mut missing = Vec::new();
    let mut wrong_shape = Vec::new();
    for (ours, name) in names(scheme, network) {
        let Some(var) = network.params().get(&ours) else { continue };
        match file.info(&name) {
            None => missing.push(name.clone()),
            Some(info) if info.shape != var.dims() => {
                wrong_shape.push(WrongShape {
                    name: name.clone(),
                    file: info.shape.clone(),
                    network: var.dims().to_vec(),
                });
            }
            Some(_) => {
                to_fill.insert(name.clone(), var);
            }
        }
    }
    let mut kept_classifier = false;
    if classifier == Classifier::KeptIfOther && file.num_classes()? != Some(network.num_classes()) {
        let bias = scheme.classifier_bias();
        let weight = bias.replace("bias", "weight");
        let is_classifier = |name: &str| name == bias || name == weight;
        kept_classifier = true;
        missing.retain(|name| !is_classifier(name));
        wrong_shape.retain(|wrong| !is_classifier(&wrong.name));
        to_fill.retain(|name, _| !is_classifier(name));
    }
    let wanted = |name: &str| {
        to_fill.contains_key(name)
            || wrong_shape.iter().any(|wrong| wrong.name == name)
            || kept_classifier && name.starts_with(scheme.classifier_bias().trim_end_matches("bias"))
    };
    let unexpected: Vec<_> = file
        .tensors()
        .map(|(name, _)| name)
        .filter(|name| !is_batch_count(name) && !name.starts_with(TRAINING_PREFIX) && !wanted(name))
        .map(str::to_owned)
        .collect();
    if !(missing.is_empty() && unexpected.is_empty() && wrong_shape.is_empty()) {
        let (path, network) = (file.path().to_path_buf(), network.spec().name.to_string());
        return Err(Error::Mismatch(Box::new(Mismatch { path, network, missing, unexpected, wrong_shape })));
    }
    Ok(Fit { to_fill, loaded: Loaded { scheme, kept_classifier } })
}

/// Builds a network for a file's weights, under their dialect, and loads them.
///
/// `spec` is the network's table; `said` is the dialect that the caller names, if any. `build` makes the network of a
/// number of classes, the file's: the `new` of a type of `efficientnet_v2!`, or
/// `|classes, vb| DynamicModel::from_spec(&spec, classes, vb)`.
///
/// # Errors
/// As [`load`] and [`WeightsFile::dialect`].
pub fn read_network<N: Network>(
    file: &WeightsFile,
    spec: &Spec,
    said: Option<Convention>,
    device: &Device,
    build: impl FnOnce(usize, VarBuilder<'static>) -> candle_core::Result<N>,
) -> Result<N> {
    let dialect = file.dialect(spec, said)?;
    // Of a file without a classifier, loading then says what is missing.
    let classes = file.num_classes()?.unwrap_or(1);
    believe(file, spec, classes)?;
    let network = build(classes, Params::for_loading(Some(dialect), device).builder())?;
    load(file, &network, Classifier::MustFit)?;
    Ok(network)
}

/// Weights that a file's table may describe beyond twice those that the file holds, before the table is taken for
/// damaged. What is missing of a smaller difference is named, parameter by parameter, once the network is built.
const BEYOND: u64 = 1 << 18;

/// Refuses a file whose own table describes a far larger network than it holds, before memory is taken for one.
fn believe(file: &WeightsFile, spec: &Spec, classes: usize) -> Result<()> {
    let is_own = file.metadata().is_some_and(|metadata| metadata.spec == *spec);
    if !is_own || !spec.validate().is_empty() {
        return Ok(());
    }
    let held: u64 = file.tensors().map(|(_, info)| info.shape.iter().product::<usize>() as u64).sum();
    let described = spec.params(classes);
    if described > held.saturating_mul(2).saturating_add(BEYOND) {
        let reason = format!("its table describes a network of {described} weights, and it holds {held}");
        return Err(Error::Damaged { path: file.path().to_path_buf(), reason });
    }
    Ok(())
}

/// The network's parameters, with their names in the scheme: in the network's order, so that a message names what
/// differs first; then those of a network that has more than its table says, under its own names.
fn names(scheme: Scheme, network: &dyn Network) -> Vec<(String, String)> {
    let mut names: Vec<_> = scheme.pairs(network.spec()).into_iter().map(|pair| (pair.ours, pair.theirs)).collect();
    let of_table: BTreeSet<_> = names.iter().map(|(ours, _)| ours.clone()).collect();
    let more = network.params().all().into_iter().map(|(name, _)| name).filter(|name| !of_table.contains(name));
    names.extend(more.map(|name| (name.clone(), name)));
    names
}

fn same_arithmetic(file: &WeightsFile, theirs: &Dialect, ours: &Dialect) -> Result<()> {
    if theirs.padding == ours.padding && theirs.bn_eps == ours.bn_eps {
        return Ok(());
    }
    let describe = |dialect: &Dialect| {
        let padding = match dialect.padding {
            Padding::Symmetric => "symmetric",
            Padding::Same => "'same'",
        };
        format!("assume {padding} padding and a batch normalisation epsilon of {}", dialect.bn_eps)
    };
    Err(Error::OtherDialect { path: file.path().to_path_buf(), file: describe(theirs), network: describe(ours) })
}
