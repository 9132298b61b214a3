//! The place where a layer finds its parameters, and the conventions that it is built under.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use effnet_spec::Settings;
use effnet_spec::plan::{self, Param, Submodule};
use serde::de::DeserializeOwned;

use crate::dialect::Dialect;
use crate::params::{DIALECT_TENSOR, FROZEN_TENSOR, Params};

/// A place in the tree of names (`blocks.3.se`), with the conventions that all layers of a network share. Every
/// parameter that a layer takes here is entered into the network's [`Params`], whatever the builder behind it.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    builder: VarBuilder<'a>,
    /// Every parameter taken so far, at this place or any other of the tree.
    pub params: Params,
    /// The conventions of the weights.
    pub dialect: Dialect,
    /// Share of a batch in the running statistics.
    pub momentum: f64,
}

impl<'a> Scope<'a> {
    /// The root of a network with these settings. A dialect that the builder carries replaces that of the settings.
    ///
    /// # Errors
    /// When the builder's dialect cannot be read.
    pub(crate) fn root(settings: &Settings, builder: VarBuilder<'a>) -> Result<Self> {
        let frozen = carried(&builder, FROZEN_TENSOR)?.unwrap_or_default();
        let params = Params::on(0, builder.device()).with_frozen(frozen);
        let dialect = carried(&builder, DIALECT_TENSOR)?.unwrap_or_else(|| Dialect::of(settings));
        Ok(Self { builder, params, dialect, momentum: settings.bn_momentum })
    }

    /// The place `name` below this one.
    pub(crate) fn below(&self, name: impl ToString) -> Self {
        Self { builder: self.builder.pp(name), ..self.clone() }
    }

    /// A parameter of the module at this place, made as the plan says where the builder makes it.
    ///
    /// # Errors
    /// When the builder lacks it, or has it in another shape.
    pub(crate) fn take(&self, param: &Param) -> Result<Tensor> {
        let init = match param.init {
            plan::Init::Constant(value) => Init::Const(value),
            plan::Init::Normal { deviation: stdev } => Init::Randn { mean: 0.0, stdev },
        };
        let tensor = self.builder.get_with_hints_dtype(param.shape.as_slice(), param.name, init, DType::F32)?;
        let tensor = self.params.adopt(self.full(param.name), &tensor)?;
        Ok(if self.is_frozen(param.name) { tensor.detach() } else { tensor })
    }

    /// The parameters of the layer at this place.
    pub(crate) fn take_all<const N: usize>(&self, params: &[(Submodule, Param); N]) -> Result<[Tensor; N]> {
        let tensors = params.iter().map(|(module, param)| self.below(module.name()).take(param));
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        Ok(std::array::from_fn(|at| tensors[at].clone()))
    }

    fn full(&self, name: &str) -> String {
        let prefix = self.builder.prefix();
        if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
    }

    /// Whether training leaves the parameter `name` as it is.
    pub(crate) fn is_frozen(&self, name: &str) -> bool {
        self.params.is_frozen(&self.full(name))
    }

    /// This place's name, such as `blocks.3.se`.
    pub(crate) fn name(&self) -> String {
        self.builder.prefix()
    }
}

/// A value that a builder hands over besides parameters, under a name of its own.
fn carried<T: DeserializeOwned>(builder: &VarBuilder<'_>, name: &str) -> Result<Option<T>> {
    let builder = builder.root();
    // A backend that claims to hold every name (candle's zeros) still fails to give this one.
    let Ok(tensor) = builder.get_unchecked_dtype(name, DType::U8) else { return Ok(None) };
    let bytes: Vec<u8> = tensor.to_vec1()?;
    serde_json::from_slice(&bytes).map(Some).map_err(candle_core::Error::wrap)
}
