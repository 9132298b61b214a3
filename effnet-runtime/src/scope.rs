//! The place where a layer finds its parameters, and the conventions that it is built under.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use effnet_spec::Settings;
use effnet_spec::plan::{self, Param, Submodule};

use crate::dialect::Dialect;
use crate::frozen::Frozen;
use crate::params::{CARRIED_TENSOR, Carried, MATCHED_TENSOR, Params, joined};

/// A place in the tree of a network's names (`blocks.3.se`), with the conventions that all its layers share. Every
/// parameter that a layer takes here is entered into the network's [`Params`], whatever the builder behind it.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    /// At this place below the network's own.
    builder: VarBuilder<'a>,
    /// This place's name in the network.
    name: String,
    /// Every parameter taken so far, at this place or any other of the tree.
    pub params: Params,
    /// The conventions of the weights.
    pub dialect: Dialect,
    /// Share of a batch in the running statistics.
    pub momentum: f64,
}

impl<'a> Scope<'a> {
    /// The root of a network with these settings, under the builder's prefix. A dialect that the builder carries
    /// replaces that of the settings.
    ///
    /// # Errors
    /// When what the builder carries cannot be read.
    pub(crate) fn root(settings: &Settings, builder: VarBuilder<'a>) -> Result<Self> {
        let Carried { dialect, frozen, prefix } = match carried(&builder, CARRIED_TENSOR) {
            Some(json) => serde_json::from_slice(&json.to_vec1::<u8>()?).map_err(candle_core::Error::wrap)?,
            None => Carried::default(),
        };
        let frozen = Frozen::carried(frozen, carried(&builder, MATCHED_TENSOR).as_ref())?;
        let prefix = joined(&prefix, &builder.prefix());
        let params = Params::of_network(builder.device(), dialect.clone(), frozen, &prefix);
        let dialect = dialect.unwrap_or_else(|| Dialect::of(settings));
        let name = String::new();
        Ok(Self { builder, name, params, dialect, momentum: settings.bn_momentum })
    }

    /// The place `name` below this one.
    pub(crate) fn below(&self, name: impl ToString) -> Self {
        let name = name.to_string();
        Self { name: joined(&self.name, &name), builder: self.builder.pp(name), ..self.clone() }
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
        let mut tensor = self.builder.get_with_hints_dtype(param.shape.as_slice(), param.name, init, DType::F32)?;
        let is_frozen = self.is_frozen(param.name);
        if is_frozen {
            // What the builder hands out for training is no variable then.
            tensor = self.builder.get_unchecked_dtype(param.name, DType::F32)?;
        }
        let tensor = self.params.adopt(joined(&self.name, param.name), &tensor)?;
        Ok(if is_frozen { tensor.detach() } else { tensor })
    }

    /// The parameters of the layer at this place.
    pub(crate) fn take_all<const N: usize>(&self, params: &[(Submodule, Param); N]) -> Result<[Tensor; N]> {
        let tensors = params.iter().map(|(module, param)| self.below(module.name()).take(param));
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        Ok(std::array::from_fn(|at| tensors[at].clone()))
    }

    /// Whether training leaves the parameter `name` as it is.
    pub(crate) fn is_frozen(&self, name: &str) -> bool {
        self.params.is_frozen(&joined(&self.name, name))
    }

    /// This place's name in the program that trains the network, such as `body.blocks.3.se`.
    pub(crate) fn whole_name(&self) -> String {
        self.params.whole_name(&self.name)
    }
}

/// A value that a builder hands over besides parameters, under a name of its own.
fn carried(builder: &VarBuilder<'_>, name: &str) -> Option<Tensor> {
    // A backend that claims to hold every name (candle's zeros) still fails to give this one.
    builder.root().get_unchecked_dtype(name, DType::U8).ok()
}
