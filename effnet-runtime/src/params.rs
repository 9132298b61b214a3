//! The weights and buffers of a network, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::init::NormalOrUniform;
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use effnet_kernels::threads;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::frozen::Frozen;
use crate::pattern::{matches, nearest};
use crate::random::{Purpose, Stream, hash_name};

/// The name under which a builder passes [`Carried`] to the layers. A `VarBuilder` carries only tensors; this one
/// travels as the bytes of its JSON.
pub(crate) const CARRIED_TENSOR: &str = "effnet.carried";

/// The name under which a builder passes which patterns of frozen weights have matched ([`Frozen::matched`]).
pub(crate) const MATCHED_TENSOR: &str = "effnet.matched";

/// What a builder passes to networks besides parameters.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The conventions of the weights, if not the table's.
    pub dialect: Option<Dialect>,
    /// Patterns of frozen weights.
    pub frozen: Vec<String>,
    /// Prefix of all names in the program that trains them, without a last dot.
    pub prefix: String,
}

/// `prefix` and `name` with a dot between them, where neither is empty.
pub(crate) fn joined(prefix: &str, name: &str) -> String {
    let dot = if prefix.is_empty() || name.is_empty() { "" } else { "." };
    format!("{prefix}{dot}{name}")
}

/// Whether a name is a buffer's: a running statistic, which is not optimised.
pub(crate) fn is_buffer(name: &str) -> bool {
    name.ends_with("running_mean") || name.ends_with("running_var")
}

/// The initial value of a parameter that nobody has set.
#[derive(Clone, Copy, Debug)]
enum Initial {
    /// Drawn from (seed, name), with the distribution that the layer names.
    Drawn(u64),
    /// Zeros, for weights that are loaded before their first use.
    Zeros,
}

/// An ordered map (by name) of weights and buffers, always f32. Cloning it shares them; [`Params::copy`] does not.
///
/// A network is built from [`Params::builder`], which makes the parameters it is asked for; optimizers, checkpoints and
/// loaders then walk the map in the order of names. A whole program can be built from one `Params`: networks under
/// prefixes (`builder().pp("body")`), and candle's own layers. Such a network's own map ([`crate::Network::params`])
/// holds the same variables by their names below its prefix.
///
/// ```
/// use effnet_runtime::candle::{Device, Result};
/// use effnet_runtime::{Network, Params, efficientnet_v2};
///
/// efficientnet_v2! {
///     pub struct Small < [1, 3, 2, 1, 8, 8, fused, 0], [1, 3, 2, 4, 8, 16, mbconv, 0.25] > { num_features: 32 }
/// }
///
/// # fn main() -> Result<()> {
/// let trained = Small::new(10, Params::new(0).builder())?;
/// // Another classifier on the same body, whose weights the two networks share.
/// let swapped = Small::new(3, trained.params().without("head.classifier.*")?.builder())?;
/// // The same on a copy of the body.
/// let apart = Small::new(3, trained.params().without("head.classifier.*")?.copy()?.builder())?;
/// # assert_eq!((swapped.num_classes(), apart.num_classes()), (3, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Params {
    initial: Initial,
    device: Device,
    dialect: Option<Dialect>,
    frozen: Frozen,
    /// Prefix of all names in the program that trains them, without a last dot.
    prefix: Arc<str>,
    by_name: Arc<RwLock<BTreeMap<String, Var>>>,
}

impl Params {
    /// No parameters yet. A network's are initialised from `seed` and their names when it asks for them.
    pub fn new(seed: u64) -> Self {
        Self::on(seed, &Device::Cpu)
    }

    /// [`Params::new`] on a device.
    pub fn on(seed: u64, device: &Device) -> Self {
        Self {
            initial: Initial::Drawn(seed),
            device: device.clone(),
            dialect: None,
            frozen: Frozen::default(),
            prefix: "".into(),
            by_name: Arc::default(),
        }
    }

    /// Zeros, for a network whose weights are loaded next. `dialect` is the file's.
    pub fn for_loading(dialect: Option<Dialect>, device: &Device) -> Self {
        Self { initial: Initial::Zeros, dialect, ..Self::on(0, device) }
    }

    /// The parameters of a network that enters them by [`Params::adopt`]. The dialect is what its builder carried: none for the
    /// table's own, as in the program's.
    pub(crate) fn of_network(device: &Device, dialect: Option<Dialect>, frozen: Frozen, prefix: &str) -> Self {
        Self { dialect, frozen, prefix: prefix.into(), ..Self::on(0, device) }
    }

    /// The same seed and device with another dialect, and no parameters yet.
    #[must_use]
    pub fn with_dialect(&self, dialect: Dialect) -> Self {
        let patterns = self.frozen.patterns().to_vec();
        Self { dialect: Some(dialect), ..self.with_frozen(patterns) }
    }

    /// The same with frozen weights, and no parameters yet: training does not change weights whose names match a
    /// pattern, in which `*` stands for any text. They get no gradient, and a batch normalisation whose scale is frozen
    /// normalises by its running statistics.
    ///
    /// Patterns are of whole names, a network's prefix included (`body.stem.*`). One that matches nothing is an error:
    /// when the network is built whose module it begins with, else when a network's first training step begins.
    #[must_use]
    pub fn with_frozen(&self, patterns: Vec<String>) -> Self {
        Self { frozen: Frozen::new(patterns), by_name: Arc::default(), ..self.clone() }
    }

    /// The same weights and buffers, shared, except those whose names match a pattern: a network that is built from
    /// them has others in their place, newly drawn. With `head.classifier.*`, a trained network's classifier can be
    /// replaced by one of another width. A training step of either network changes what both share; call
    /// [`Params::copy`] where it must not.
    ///
    /// # Errors
    /// When no name matches.
    pub fn without(&self, pattern: &str) -> Result<Self> {
        let (out, rest): (Vec<_>, Vec<_>) = self.all().into_iter().partition(|(name, _)| matches(pattern, name));
        if out.is_empty() {
            let names: Vec<String> = rest.into_iter().map(|(name, _)| name).collect();
            candle_core::bail!("`{pattern}` matches no parameter; the nearest are {}", nearest(pattern, &names))
        }
        let initial = match self.initial {
            Initial::Zeros => Initial::Drawn(0),
            drawn @ Initial::Drawn(_) => drawn,
        };
        Ok(Self { initial, by_name: Arc::new(RwLock::new(rest.into_iter().collect())), ..self.clone() })
    }

    /// The same weights and buffers in memory of their own.
    ///
    /// # Errors
    /// When the device has no memory for them.
    pub fn copy(&self) -> Result<Self> {
        let copied = self.all().into_iter().map(|(name, var)| Ok((name, Var::from_tensor(&var.as_detached_tensor())?)));
        Ok(Self { by_name: Arc::new(RwLock::new(copied.collect::<Result<_>>()?)), ..self.clone() })
    }

    /// A builder that makes the parameters it is asked for, or returns those that exist. A network that is built from it
    /// also takes over the dialect and the frozen patterns.
    ///
    /// Through candle's `rename_f` it does so where the renamed name ends with the given one (`|name| format!("net.{name}")`),
    /// and what stands before is a prefix. Other renaming may lose both, and patterns of frozen weights know nothing of it.
    pub fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, self.device.clone())
    }

    /// The conventions of the weights that networks are built for, if not those of their tables.
    pub fn dialect(&self) -> Option<&Dialect> {
        self.dialect.as_ref()
    }

    /// The device that holds the parameters.
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Var>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The weight or buffer of this name.
    pub fn get(&self, name: &str) -> Option<Var> {
        self.read().get(name).cloned()
    }

    /// All weights and buffers, in the order of their names.
    pub fn all(&self) -> Vec<(String, Var)> {
        self.read().iter().map(|(name, var)| (name.clone(), var.clone())).collect()
    }

    /// The weights, which an optimizer changes, in the order of their names.
    pub fn weights(&self) -> Vec<(String, Var)> {
        self.all().into_iter().filter(|(name, _)| !is_buffer(name)).collect()
    }

    /// The buffers, which only batch normalisation changes, in the order of their names.
    pub fn buffers(&self) -> Vec<(String, Var)> {
        self.all().into_iter().filter(|(name, _)| is_buffer(name)).collect()
    }

    /// The name in the program that trains them.
    pub(crate) fn whole_name(&self, name: &str) -> String {
        joined(&self.prefix, name)
    }

    /// The weight or buffer of a name in the program that trains them.
    pub(crate) fn by_whole_name(&self, name: &str) -> Option<Var> {
        let below = match self.prefix.len() {
            0 => name,
            _ => name.strip_prefix(&*self.prefix)?.strip_prefix('.')?,
        };
        self.get(below)
    }

    fn whole_names(&self) -> Vec<String> {
        self.read().keys().map(|name| self.whole_name(name)).collect()
    }

    /// Whether training leaves the weight of this name unchanged.
    pub(crate) fn is_frozen(&self, name: &str) -> bool {
        self.frozen.is_frozen(&self.whole_name(name))
    }

    /// Checks the patterns of frozen weights that point into a network, which has entered all of these.
    ///
    /// # Errors
    /// When one of them matches no name.
    pub(crate) fn check_frozen(&self) -> Result<()> {
        let dot = if self.prefix.is_empty() { "" } else { "." };
        self.frozen.check_network(&format!("{}{dot}", self.prefix), &self.whole_names())
    }

    /// Checks all patterns of frozen weights, when a training step begins.
    ///
    /// # Errors
    /// When one has matched no parameter of anything that was built with these.
    pub(crate) fn check_all_frozen(&self) -> Result<()> {
        self.frozen.check_all(|| self.whole_names())
    }

    /// Number of elements in all weights: the count of parameters in a table of models.
    pub fn trainable(&self) -> usize {
        self.read().iter().filter(|(name, _)| !is_buffer(name)).map(|(_, var)| var.elem_count()).sum()
    }

    /// The tensor that a layer of any crate trains: a frozen one gets no gradient.
    fn for_training(&self, name: &str, var: &Var) -> Tensor {
        if self.is_frozen(name) { var.as_detached_tensor() } else { var.as_tensor().clone() }
    }

    /// Enters a parameter that another builder made, and returns the tensor that layers use: itself if it is a
    /// variable, otherwise that of a variable with a copy.
    pub(crate) fn adopt(&self, name: String, tensor: &Tensor) -> Result<Tensor> {
        let var = Var::from_tensor(tensor)?;
        let tensor = var.as_tensor().clone();
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name, var);
        Ok(tensor)
    }
}

/// Elements per task of drawing: XL's initialisation draws 208 M normals.
const CHUNK: usize = 1 << 14;

fn initialise(initial: Initial, shape: &Shape, name: &str, init: Init, device: &Device) -> Result<Var> {
    let Initial::Drawn(seed) = initial else { return Var::zeros(shape, DType::F32, device) };
    let (stream, elements) = (Stream::new(seed, Purpose::Init, 0, hash_name(name), 0), shape.elem_count());
    // This crate's layers ask for the first two; a user's candle layer may ask for any.
    let values = match init {
        Init::Const(value) => return Var::from_tensor(&Tensor::full(value as f32, shape, device)?),
        Init::Randn { mean, stdev } => drawn(elements, |i| mean + stdev * stream.normal(i)),
        Init::Uniform { lo, up } => drawn(elements, |i| lo + (up - lo) * stream.uniform(i)),
        Init::Kaiming { dist, fan, non_linearity } => {
            let stdev = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            match dist {
                NormalOrUniform::Normal => drawn(elements, |i| stdev * stream.normal(i)),
                NormalOrUniform::Uniform => {
                    let bound = 3f64.sqrt() * stdev;
                    drawn(elements, |i| bound * (2.0 * stream.uniform(i) - 1.0))
                }
            }
        }
    };
    Var::from_vec(values, shape, device)
}

/// A value for each element, by its number.
fn drawn(elements: usize, value: impl Fn(u64) -> f64 + Sync) -> Vec<f32> {
    let mut values = vec![0f32; elements];
    threads::current().for_each_chunk(&mut values, CHUNK, |at, chunk| {
        for (element, to) in chunk.iter_mut().enumerate() {
            *to = value((at * CHUNK + element) as u64) as f32;
        }
    });
    values
}

impl SimpleBackend for Params {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        if dtype != DType::F32 {
            candle_core::bail!("parameter `{name}` was asked for as {dtype:?}; parameters are F32")
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(var) = by_name.get(name) {
            if var.shape() != &shape {
                candle_core::bail!("parameter `{name}` has shape {:?}, and {shape:?} was asked for", var.shape())
            }
            return Ok(self.for_training(name, var));
        }
        let var = initialise(self.initial, &shape, name, init, device)?;
        let tensor = self.for_training(name, &var);
        by_name.insert(name.to_owned(), var);
        self.frozen.note(&self.whole_name(name))?;
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, device: &Device) -> Result<Tensor> {
        if let Some(before) = name.strip_suffix(CARRIED_TENSOR) {
            let frozen = self.frozen.patterns().to_vec();
            let prefix = joined(&self.prefix, before.trim_end_matches('.'));
            let carried = Carried { dialect: self.dialect.clone(), frozen, prefix };
            let bytes = serde_json::to_vec(&carried).map_err(candle_core::Error::wrap)?;
            return Tensor::from_slice(&bytes, bytes.len(), device);
        }
        if let (true, Some(matched)) = (name.ends_with(MATCHED_TENSOR), self.frozen.matched()) {
            return Ok(matched);
        }
        match self.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.read().contains_key(name)
    }
}
