//! The weights and buffers of a network, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::init::NormalOrUniform;
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use effnet_kernels::threads;

use crate::dialect::Dialect;
use crate::pattern::matches_any;
use crate::random::{Purpose, Stream, hash_name};

/// The name under which a builder passes a dialect to the layers. A `VarBuilder` carries only tensors; the dialect
/// travels as the bytes of its JSON.
pub(crate) const DIALECT_TENSOR: &str = "effnet.dialect";

/// The name under which a builder passes the patterns of frozen weights to the layers, as [`DIALECT_TENSOR`].
pub(crate) const FROZEN_TENSOR: &str = "effnet.frozen";

/// Whether a name is a buffer's: a running statistic, which is not optimised.
fn is_buffer(name: &str) -> bool {
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

/// An ordered map (by name) of weights and buffers, always f32. Cloning it shares them.
///
/// A network is built from [`Params::builder`], which makes the parameters it is asked for; optimizers, checkpoints and
/// loaders then walk the map in the order of names.
#[derive(Clone, Debug)]
pub struct Params {
    initial: Initial,
    device: Device,
    dialect: Option<Dialect>,
    frozen: Arc<[String]>,
    by_name: Arc<RwLock<BTreeMap<String, Var>>>,
}

impl Params {
    /// No parameters yet. A network's are initialised from `seed` and their names when it asks for them.
    pub fn new(seed: u64) -> Self {
        Self::on(seed, &Device::Cpu)
    }

    /// [`Params::new`] on a device.
    pub fn on(seed: u64, device: &Device) -> Self {
        let (frozen, by_name) = (Arc::default(), Arc::default());
        Self { initial: Initial::Drawn(seed), device: device.clone(), dialect: None, frozen, by_name }
    }

    /// Zeros, for a network whose weights are loaded next. `dialect` is the file's.
    pub fn for_loading(dialect: Option<Dialect>, device: &Device) -> Self {
        Self { initial: Initial::Zeros, dialect, ..Self::on(0, device) }
    }

    /// The same seed and device with another dialect, and no parameters yet.
    #[must_use]
    pub fn with_dialect(&self, dialect: Dialect) -> Self {
        Self { dialect: Some(dialect), by_name: Arc::default(), ..self.clone() }
    }

    /// The same with frozen weights, and no parameters yet: training does not change weights whose names match a
    /// pattern, in which `*` stands for any text. They get no gradient, and a batch normalisation whose scale is frozen
    /// normalises by its running statistics.
    #[must_use]
    pub fn with_frozen(&self, patterns: Vec<String>) -> Self {
        Self { frozen: patterns.into(), by_name: Arc::default(), ..self.clone() }
    }

    /// A builder that makes the parameters it is asked for, or returns those that exist.
    pub fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, self.device.clone())
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

    /// Whether training leaves the weight of this name unchanged.
    pub(crate) fn is_frozen(&self, name: &str) -> bool {
        matches_any(&self.frozen, name)
    }

    /// Number of elements in all weights: the count of parameters in a table of models.
    pub fn trainable(&self) -> usize {
        self.read().iter().filter(|(name, _)| !is_buffer(name)).map(|(_, var)| var.elem_count()).sum()
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
            return Ok(var.as_tensor().clone());
        }
        let var = initialise(self.initial, &shape, name, init, device)?;
        let tensor = var.as_tensor().clone();
        by_name.insert(name.to_owned(), var);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, device: &Device) -> Result<Tensor> {
        if let (DIALECT_TENSOR, Some(dialect)) = (name, &self.dialect) {
            let bytes = serde_json::to_vec(dialect).map_err(candle_core::Error::wrap)?;
            return Tensor::from_slice(&bytes, bytes.len(), device);
        }
        if name == FROZEN_TENSOR {
            let bytes = serde_json::to_vec(&*self.frozen).map_err(candle_core::Error::wrap)?;
            return Tensor::from_slice(&bytes, bytes.len(), device);
        }
        match self.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        (name == DIALECT_TENSOR && self.dialect.is_some()) || self.read().contains_key(name)
    }
}
