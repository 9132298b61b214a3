//! One node in candle's graph for an operation of any number of parameters.
//!
//! Candle's custom operations take at most three tensors and save nothing. Here the result is computed first, by plain
//! code that keeps what it likes; then a node is recorded for it, whose backward is a closure. The inputs are the node's
//! arguments. The parameters join the graph through a chain of one-element tokens: a token's backward runs after the
//! node's, and picks up the gradients that this one left for its parameters. Those of variables take a shorter way where
//! somebody collects them ([`Collected`]).

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::op::BackpropOp;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, TensorId};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, backend::BackendStorage};

use super::collected::Collected;

/// Gradients of a node's arguments, in the order in which it was given them. A gradient for an argument that does not
/// track may be left out.
pub(crate) struct Gradients {
    /// Of the inputs.
    pub inputs: Vec<Option<Tensor>>,
    /// Of the parameters.
    pub params: Vec<Option<Tensor>>,
}

/// A node's result, before it has a place in the graph.
pub(crate) enum Value {
    /// Numbers on the CPU.
    Cpu(Vec<f32>, Shape),
    /// A tensor on a CUDA device, of which nothing tracks and that nobody else holds.
    #[cfg(feature = "cuda")]
    Cuda(Tensor),
}

impl From<(Vec<f32>, Shape)> for Value {
    fn from((values, shape): (Vec<f32>, Shape)) -> Self {
        Self::Cpu(values, shape)
    }
}

#[cfg(feature = "cuda")]
impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Cuda(tensor)
    }
}

impl Value {
    fn into_tensor(self) -> Tensor {
        match self {
            Self::Cpu(values, shape) => {
                Tensor::from_storage(Storage::Cpu(CpuStorage::F32(values)), shape, BackpropOp::none(), false)
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(tensor) => tensor,
        }
    }

    fn into_storage(self) -> Result<(Storage, Shape)> {
        match self {
            Self::Cpu(values, shape) => Ok((Storage::Cpu(CpuStorage::F32(values)), shape)),
            #[cfg(feature = "cuda")]
            Self::Cuda(tensor) => {
                let shape = tensor.shape().clone();
                Ok((Storage::Cuda(super::cuda::take(tensor)?), shape))
            }
        }
    }
}

type Backward = Box<dyn Fn(&Tensor) -> Result<Gradients> + Send + Sync>;
type Mail = Arc<Mutex<Vec<Option<Tensor>>>>;

/// Whether a gradient is wanted for any of these.
pub(crate) fn any_tracks(tensors: &[&Tensor]) -> bool {
    tensors.iter().any(|tensor| tensor.track_op())
}

/// A tensor of `value`, and a node for it where one of the arguments tracks.
///
/// `inputs` are one or two tensors. `backward` takes the gradient of the result, contiguous, and may be called more than
/// once.
///
/// # Errors
/// When candle fails, or the number of inputs is not 1 or 2.
pub(crate) fn record(
    name: &'static str,
    inputs: &[&Tensor],
    params: &[&Tensor],
    value: impl Into<Value>,
    backward: impl Fn(&Tensor) -> Result<Gradients> + Send + Sync + 'static,
) -> Result<Tensor> {
    let Some(first) = inputs.first() else { candle_core::bail!("node `{name}` has no input") };
    if !any_tracks(inputs) && !any_tracks(params) {
        return Ok(value.into().into_tensor());
    }
    let (mail, collected) = (Mail::default(), Collected::current());
    let is_collected = |param: &Tensor| collected.is_some() && param.is_variable();
    let variables: Vec<(usize, TensorId)> = params
        .iter()
        .enumerate()
        .filter(|(_, param)| is_collected(param))
        .map(|(at, param)| (at, param.id()))
        .collect();
    let mut token = match &collected {
        Some(collected) if !variables.is_empty() => collected.root().clone(),
        _ => Tensor::zeros(1, DType::F32, first.device())?,
    };
    for (at, param) in params.iter().enumerate().filter(|(_, param)| param.track_op() && !is_collected(param)) {
        token = token.apply_op2(param, Join { at, mail: mail.clone() })?;
    }
    let collected = collected.map(|collected| (collected, variables));
    let value = value.into().into_storage()?;
    let recorded = Recorded { name, value: Mutex::new(Some(value)), backward: Box::new(backward), mail, collected };
    match inputs {
        [x] => x.apply_op2(&token, recorded),
        [x, y] => x.apply_op3(y, &token, recorded),
        _ => candle_core::bail!("node `{name}` has {} inputs; candle's operations take two and a token", inputs.len()),
    }
}

/// A gradient's values, where there are any, as a tensor of the shape of what it is the gradient of.
pub(crate) fn like(values: Option<Vec<f32>>, tensor: &Tensor) -> Result<Option<Tensor>> {
    values.map(|values| Tensor::from_vec(values, tensor.shape(), tensor.device())).transpose()
}

struct Recorded {
    name: &'static str,
    value: Mutex<Option<(Storage, Shape)>>,
    backward: Backward,
    mail: Mail,
    /// Where the gradients of variables go, and which these are.
    collected: Option<(Collected, Vec<(usize, TensorId)>)>,
}

impl Recorded {
    fn value(&self) -> Result<(Storage, Shape)> {
        match self.value.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(value) => Ok(value),
            None => candle_core::bail!("node `{}` was run a second time", self.name),
        }
    }

    fn cpu_value(&self) -> Result<(CpuStorage, Shape)> {
        match self.value()? {
            (Storage::Cpu(storage), shape) => Ok((storage, shape)),
            (storage, _) => candle_core::bail!(
                "node `{}` has a result on {:?}, and inputs on another device",
                self.name,
                storage.device()
            ),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_value(&self) -> Result<(CudaStorage, Shape)> {
        match self.value()? {
            (Storage::Cuda(storage), shape) => Ok((storage, shape)),
            (storage, _) => candle_core::bail!(
                "node `{}` has a result on {:?}, and inputs on another device",
                self.name,
                storage.device()
            ),
        }
    }

    fn gradients(&self, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let mut gradients = (self.backward)(&grad.contiguous()?)?;
        if let Some((collected, variables)) = &self.collected {
            for (at, variable) in variables {
                match gradients.params.get_mut(*at).and_then(Option::take) {
                    Some(gradient) => collected.add(*variable, gradient)?,
                    None => candle_core::bail!("node `{}` left no gradient for parameter {at} that tracks", self.name),
                }
            }
        }
        *self.mail.lock().unwrap_or_else(PoisonError::into_inner) = gradients.params;
        Ok(gradients.inputs)
    }
}

impl CustomOp2 for Recorded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu_value()
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda_value()
    }

    fn bwd(&self, x: &Tensor, token: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut inputs = self.gradients(grad)?.into_iter();
        Ok((wanted(x, inputs.next())?, Some(token.zeros_like()?)))
    }
}

impl CustomOp3 for Recorded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.cpu_value()
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda_value()
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        token: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut inputs = self.gradients(grad)?.into_iter();
        let x = wanted(x, inputs.next())?;
        let y = wanted(y, inputs.next())?;
        Ok((x, y, Some(token.zeros_like()?)))
    }
}

/// The gradient of an argument that tracks; candle panics later where it is missing.
fn wanted(argument: &Tensor, gradient: Option<Option<Tensor>>) -> Result<Option<Tensor>> {
    match gradient.flatten() {
        None if argument.track_op() => candle_core::bail!("a node left no gradient for an input that tracks"),
        gradient => Ok(gradient.filter(|_| argument.track_op())),
    }
}

/// Joins one parameter to the graph.
struct Join {
    at: usize,
    mail: Mail,
}

impl CustomOp2 for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(1)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, token: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        let zero = token.device().alloc_zeros::<f32>(1)?;
        Ok((CudaStorage::wrap_cuda_slice(zero, token.device().clone()), Shape::from(1)))
    }

    fn bwd(&self, token: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = self.mail.lock().unwrap_or_else(PoisonError::into_inner).get_mut(self.at).and_then(Option::take);
        match gradient {
            Some(gradient) => Ok((Some(token.zeros_like()?), Some(gradient))),
            None => candle_core::bail!("a node left no gradient for parameter {} that tracks", self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    /// `x · Σ params`, elementwise, as one node.
    fn fused(x: &Tensor, params: &[&Tensor]) -> Result<Tensor> {
        let sum = params[1..].iter().try_fold(params[0].detach(), |sum, param| sum + *param)?.detach();
        let values = (x * &sum)?.flatten_all()?.to_vec1()?;
        let (saved, count) = (x.detach(), params.len());
        record("fused", &[x], params, (values, x.shape().clone()), move |grad| {
            let param = (&saved * grad)?;
            Ok(Gradients { inputs: vec![Some((grad * &sum)?)], params: vec![Some(param); count] })
        })
    }

    #[test]
    fn gradients_equal_those_of_the_plain_graph() -> Result<()> {
        let device = Device::Cpu;
        let vars: Vec<Var> = (0..5).map(|_| Var::randn(0f32, 1.0, (2, 3), &device)).collect::<Result<_>>()?;
        let front = Var::randn(0f32, 1.0, (2, 3), &device)?;
        let x = Tensor::randn(0f32, 1.0, (2, 3), &device)?;
        let params: Vec<&Tensor> = vars.iter().map(Var::as_tensor).collect();
        let run = |as_node: bool| -> Result<Vec<Vec<f32>>> {
            // A layer of the user's own in front, and the same parameters in two nodes.
            let mut h = (&x * front.as_tensor())?;
            for _ in 0..2 {
                h = if as_node {
                    fused(&h, &params)?
                } else {
                    (h * params[1..].iter().try_fold(params[0].clone(), |sum, param| sum + *param)?)?
                };
            }
            let gradients = h.sqr()?.tanh()?.sum_all()?.backward()?;
            vars.iter().chain([&front]).map(|var| gradients.get(var).unwrap().flatten_all()?.to_vec1()).collect()
        };
        assert_eq!(run(true)?, run(false)?);
        Ok(())
    }

    /// Variables of nodes, of candle's own operations and of both, and a parameter that is no variable.
    #[test]
    fn collected_gradients_equal_those_of_the_plain_graph() -> Result<()> {
        let device = Device::Cpu;
        let vars: Vec<Var> = (0..4).map(|_| Var::randn(0f32, 1.0, (2, 3), &device)).collect::<Result<_>>()?;
        let x = Tensor::randn(0f32, 1.0, (2, 3), &device)?;
        let loss = || -> Result<Tensor> {
            let [front, both, twice, behind] = [0, 1, 2, 3].map(|at| vars[at].as_tensor());
            let h = fused(&(&x * front)?, &[both, twice])?;
            let h = fused(&h, &[twice, &(both * behind)?])?;
            (h * both)?.sqr()?.tanh()?.sum_all()
        };
        let expected = loss()?.backward()?;
        let (loss, collected) = Collected::of::<_, candle_core::Error>(&device, loss)?;
        let mut found = loss.backward()?;
        let mut collected_ones = 0;
        for var in &vars {
            let gradient = match (found.remove(var), collected.take(var)) {
                (Some(one), Some(other)) => {
                    collected_ones += 1;
                    (one + other)?
                }
                (None, Some(gradient)) => {
                    collected_ones += 1;
                    gradient
                }
                (Some(gradient), None) => gradient,
                (None, None) => candle_core::bail!("a gradient is missing"),
            };
            let difference = (gradient - expected.get(var).unwrap())?.abs()?.max_all()?.to_scalar::<f32>()?;
            assert!(difference <= 1e-5, "{difference}");
        }
        assert_eq!(collected_ones, 2);
        assert!(Collected::current().is_none());
        Ok(())
    }

    #[test]
    fn an_input_that_does_not_track_is_no_obstacle() -> Result<()> {
        let x = Tensor::ones((2, 3), DType::F32, &Device::Cpu)?;
        let var = Var::ones((2, 3), DType::F32, &Device::Cpu)?;
        let gradients = fused(&x, &[var.as_tensor()])?.sum_all()?.backward()?;
        assert!(gradients.get(&var).is_some());
        assert!(!fused(&x, &[&x])?.track_op());
        Ok(())
    }
}
