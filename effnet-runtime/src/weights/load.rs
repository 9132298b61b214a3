//! Loads a file's tensors into a network.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candle_core::Device;
use candle_nn::VarBuilder;
use effnet_spec::Spec;

use super::channels;
use super::error::{Error, Result};
use super::file::{Choice, WeightsFile};
use super::metadata::TRAINING_PREFIX;
use super::mismatch::{Mismatch, WrongShape, list};
use super::names::{Layout, NamePair, Scheme, is_batch_count};
use super::normalization;
use super::program::same_arithmetic;
use super::said::Said;
use crate::dialect::Dialect;
use crate::network::Network;
use crate::params::Params;

/// What a file's weights are loaded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Purpose {
    /// The network that the file holds: everything must fit.
    #[default]
    Restore,
    /// To begin a training with. A classifier of another number of classes stays the network's own, and a stem of another
    /// number of input channels is adapted as timm adapts it: summed for grey images, else repeated and scaled.
    FineTune,
}

/// Outcome of loading a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The implementation that the file's names belong to.
    pub scheme: Scheme,
    /// Whether the network's own classifier was kept.
    pub kept_classifier: bool,
    /// The input channels of the file's stem, if it was adapted to the network's.
    pub adapted_from: Option<usize>,
    /// Names of the file's tensors that no network uses, or that belong to another network: a count of averages, a
    /// mask, a second network. Tensors under [`TRAINING_PREFIX`] and counts of batches are not listed, nor are Keras's mean
    /// and variance of images where they are those of the network's dialect.
    pub left_out: Vec<String>,
}

/// Loads a file's weights and buffers into a network, in place. Nothing changes unless everything fits: the file is
/// read twice, first to check that its weights are finite.
///
/// # Errors
/// When the file speaks nobody's names, or lacks a parameter, or has one more or in another shape or not as floats, or
/// says that its weights assume another padding or epsilon than the network has; when it cannot be read, or a weight is NaN
/// or infinite.
pub fn load(file: &WeightsFile, network: &dyn Network, purpose: Purpose) -> Result<Loaded> {
    let fit = fit(file, &Wanted::by_network(network), purpose)?;
    for pair in &fit.to_fill {
        file.values(&pair.theirs)?;
    }
    fit.fill(file, network)
}

/// Checks that a file's weights and buffers are those of a network of this table, under this dialect, without reading them.
/// Logs what loading would leave out.
///
/// # Errors
/// The errors of [`load`] that show without the weights.
pub(crate) fn check(file: &WeightsFile, spec: &Spec, dialect: &Dialect, num_classes: usize) -> Result<()> {
    let parameters = spec.parameters(num_classes).collect();
    let wanted = Wanted { spec, dialect, num_classes, parameters };
    fit(file, &wanted, Purpose::Restore)?.loaded.log(file);
    Ok(())
}

impl Loaded {
    fn log(&self, file: &WeightsFile) {
        file.log_taken();
        let path = file.path().display();
        let mut left_out = self.left_out.clone();
        if let Some(Choice { taken, passed }) = file.choice() {
            let [taken_names, passed_names] = [taken, passed].map(|prefix| format!("`{prefix}…`"));
            tracing::warn!(
                "`{path}` has averaged weights beside plain ones: {taken_names} are taken, and {passed_names} are not"
            );
            left_out.retain(|name| name.strip_prefix(&**passed).is_none_or(|name| file.info(name).is_none()));
        }
        if self.kept_classifier {
            tracing::warn!(
                "the classifier of `{path}` has another number of classes than the network, whose own begins anew"
            );
        }
        if let Some(channels) = self.adapted_from {
            tracing::warn!("the stem of `{path}`, for images of {channels} channels, is adapted to the network's");
        }
        let names = list(&left_out);
        match left_out.len() {
            0 => {}
            1 => tracing::warn!("1 tensor of `{path}` is left out, as the network has no such parameter: {names}"),
            count => {
                tracing::warn!(
                    "{count} tensors of `{path}` are left out, as the network has no such parameters: {names}"
                );
            }
        }
    }
}

/// The parameters that a network takes from a file.
struct Wanted<'a> {
    spec: &'a Spec,
    dialect: &'a Dialect,
    num_classes: usize,
    /// Our name and the shape of each parameter, in the network's order, so that a message names what differs first.
    parameters: Vec<(String, Vec<usize>)>,
}

impl<'a> Wanted<'a> {
    /// The parameters that a network has: those of its table, then those that it has besides.
    fn by_network(network: &'a dyn Network) -> Self {
        let (spec, num_classes) = (network.spec(), network.num_classes());
        let shapes = network.params().all().into_iter().map(|(name, var)| (name, var.dims().to_vec()));
        let mut shapes: BTreeMap<String, Vec<usize>> = shapes.collect();
        let of_table = spec.parameters(num_classes).filter_map(|(name, _)| shapes.remove_entry(&name));
        let mut parameters: Vec<_> = of_table.collect();
        parameters.extend(shapes);
        Self { spec, dialect: network.dialect(), num_classes, parameters }
    }
}

/// The pairs of a parameter and the file's tensor that fills it.
struct Fit {
    /// The parameters that the file fills, in the network's order.
    to_fill: Vec<NamePair>,
    loaded: Loaded,
}

impl Fit {
    fn fill(self, file: &WeightsFile, network: &dyn Network) -> Result<Loaded> {
        for NamePair { ours, theirs, layout } in self.to_fill {
            let lost = || candle_core::Error::msg(format!("the network has no parameter `{ours}` any more"));
            let var = network.params().get(&ours).ok_or_else(lost)?;
            let values = layout.to_ours(&file.read_f32(&theirs, var.device())?)?;
            let is_other_stem = self.loaded.adapted_from.is_some() && ours == STEM;
            var.set(&if is_other_stem { channels::adapted(&values, var.dim(1)?)? } else { values })?;
        }
        self.loaded.log(file);
        Ok(self.loaded)
    }
}

fn fit(file: &WeightsFile, network: &Wanted<'_>, purpose: Purpose) -> Result<Fit> {
    let scheme = file.scheme()?;
    if let Some(dialect) = file.said_dialect() {
        same_arithmetic(file, Some(dialect), Some(network.dialect))?;
    }
    let (mut to_fill, mut adapted_from) = (Vec::new(), None);
    let mut missing = Vec::new();
    let mut wrong_shape = Vec::new();
    let mut wanted = BTreeSet::new();
    let kept_classifier = purpose == Purpose::FineTune && file.num_classes()? != Some(network.num_classes);
    let of_classifier = ["weight", "bias"].map(|param| scheme.of_classifier(param));
    let is_kept = |name: &str| kept_classifier && of_classifier.iter().any(|param| param == name);
    let pairs: HashMap<_, _> = scheme.pairs(network.spec)?.into_iter().map(|pair| (pair.ours.clone(), pair)).collect();
    for (ours, shape) in &network.parameters {
        // Parameters that a network has besides its table's go by our names in every scheme.
        let beside = || NamePair { ours: ours.clone(), theirs: ours.clone(), layout: Layout::Same };
        let pair = pairs.get(ours).cloned().unwrap_or_else(beside);
        let name = pair.theirs.clone();
        if is_kept(&name) {
            continue;
        }
        let network = pair.layout.theirs(shape);
        match file.weight(&name)? {
            None => missing.push(name.clone()),
            Some(found) if found.shape != network => {
                let held = pair.layout.ours(&found.shape);
                if purpose == Purpose::FineTune && ours == STEM && is_other_input(&held, shape) {
                    adapted_from = Some(held[1]);
                    to_fill.push(pair);
                } else {
                    wrong_shape.push(WrongShape { name: name.clone(), file: found.shape.clone(), network });
                }
            }
            Some(_) => to_fill.push(pair),
        }
        wanted.insert(name);
    }
    let mut unexpected = Vec::new();
    let mut left_out: Vec<_> = file.elsewhere().filter(|name| !is_batch_count(name)).map(str::to_owned).collect();
    for name in file.names() {
        if is_batch_count(name) || name.starts_with(TRAINING_PREFIX) || wanted.contains(name) || is_kept(name) {
            continue;
        }
        if scheme.could_name(name) {
            unexpected.push(name.to_owned());
        } else if !normalization::is_of_dialect(file, name, network.dialect) {
            left_out.push(name.to_owned());
        }
    }
    if !(missing.is_empty() && unexpected.is_empty() && wrong_shape.is_empty()) {
        let (path, network) = (file.path().to_path_buf(), network.spec.name.to_string());
        return Err(Error::Mismatch(Box::new(Mismatch { path, network, missing, unexpected, wrong_shape })));
    }
    Ok(Fit { to_fill, loaded: Loaded { scheme, kept_classifier, adapted_from, left_out } })
}

/// Our name of the stem's weights.
const STEM: &str = "stem.conv.weight";

/// Whether a file's stem differs from the network's in its input channels alone.
fn is_other_input(held: &[usize], wanted: &[usize]) -> bool {
    let is_alike = |(dim, extents): (usize, (&usize, &usize))| dim == 1 || extents.0 == extents.1;
    held.len() == wanted.len() && held[1] > 0 && held.iter().zip(wanted).enumerate().all(is_alike)
}

/// Builds a network for a file's weights, under their dialect, and loads them.
///
/// `spec` is the network's table; `said` is the convention that the caller names, or a dialect of his own, or `None`. `build` makes the network
/// with the file's number of classes: the `new` of a type of `efficientnet_v2!`, or
/// `|classes, vb| DynamicModel::from_spec(&spec, classes, vb)`.
///
/// # Errors
/// As [`load`] and [`WeightsFile::dialect`].
pub fn read_network<N: Network>(
    file: &WeightsFile,
    spec: &Spec,
    said: impl Into<Said>,
    device: &Device,
    build: impl FnOnce(usize, VarBuilder<'static>) -> candle_core::Result<N>,
) -> Result<N> {
    let dialect = file.dialect(spec, said)?;
    let classes = file.classes_to_fill()?;
    believe(file, spec, classes)?;
    let network = build(classes, Params::for_loading(Some(dialect), device).builder())?;
    // On an error the network is dropped, and nobody sees it half filled.
    fit(file, &Wanted::by_network(&network), Purpose::Restore)?.fill(file, &network)?;
    Ok(network)
}

/// How many weights a file's table may describe beyond twice those that the file holds, before it counts as damaged. A
/// smaller difference is reported parameter by parameter, once the network is built.
const BEYOND: u64 = 1 << 18;

/// Refuses a file whose own table describes a far larger network than it holds, before memory is allocated for one.
fn believe(file: &WeightsFile, spec: &Spec, classes: usize) -> Result<()> {
    let is_own = file.metadata().is_some_and(|metadata| metadata.spec == *spec);
    if !is_own || !spec.check_built().is_empty() {
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
