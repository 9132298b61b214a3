//! One node in candle's graph for an operation of any number of parameters.
//!
//! candle's custom operations take at most three tensors and save nothing. Here the result is computed first, by plain
//! code that keeps what it likes; then a node is recorded for it, whose backward pass is a closure.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Storage, Tensor, TensorId};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, backend::BackendStorage};

use super::collected::{Collected, Found, Uses};
use crate::backend::take::take;

/// Finds the gradients of a node's arguments from that of its result, which is contiguous: the input's is returned,
/// where it is wanted, and those of the parameters go to [`Found`], one for each place that a parameter has among them.
type Backward = Box<dyn Fn(&Tensor, &mut Found) -> Result<Option<Tensor>> + Send + Sync>;

/// `value` as the result of a node, where one of the arguments tracks. The value tracks nothing, and nobody else holds
/// its memory. `backward` may be called more than once; the gradient of a parameter that does not track may be left
/// out.
///
/// # Errors
/// When candle fails.
pub(crate) fn record(
    name: &'static str,
    input: &Tensor,
    params: &[&Tensor],
    value: Tensor,
    backward: impl Fn(&Tensor, &mut Found) -> Result<Option<Tensor>> + Send + Sync + 'static,
) -> Result<Tensor> {
    if !input.track_op() && !params.iter().any(|param| param.track_op()) {
        return Ok(value);
    }
    let (left, collected) = (Arc::default(), Collected::current());
    let (mut variables, mut others) = (Uses::new(), Vec::<&Tensor>::new());
    for param in params.iter().copied().filter(|param| param.track_op()) {
        if collected.is_some() && param.is_variable() {
            *variables.entry(param.id()).or_default() += 1;
        } else if !others.iter().any(|other| other.id() == param.id()) {
            others.push(param);
        }
    }
    let mut edge = match &collected {
        Some(collected) if !variables.is_empty() => collected.edge.clone(),
        _ => Tensor::zeros(1, DType::F32, input.device())?,
    };
    for param in others {
        edge = edge.apply_op2(param, Edge { param: param.id(), left: Arc::clone(&left) })?;
    }
    let collected = collected.map(|collected| {
        collected.expect(&variables);
        (collected, variables)
    });
    let shape = value.shape().clone();
    let value = Mutex::new(Some((take(value)?, shape)));
    input.apply_op2(&edge, Node { name, value, backward: Box::new(backward), left, collected })
}

struct Node {
    name: &'static str,
    value: Mutex<Option<(Storage, Shape)>>,
    backward: Backward,
    /// The gradients that the edges to the parameters take.
    left: Arc<Mutex<Found>>,
    /// Where the gradients of variables go, and which these are.
    collected: Option<(Collected, Uses)>,
}

impl Node {
    fn value(&self) -> Result<(Storage, Shape)> {
        match self.value.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(value) => Ok(value),
            None => candle_core::bail!("node `{}` was run a second time", self.name),
        }
    }

    fn elsewhere<T>(&self, value: &Storage) -> Result<T> {
        let device = value.device();
        candle_core::bail!("node `{}` has a result on {device:?}, and inputs on another device", self.name)
    }

    /// The gradient of the input; those of the parameters go where they are waited for.
    fn gradients(&self, grad: &Tensor) -> Result<Option<Tensor>> {
        let mut found = Found::of(self.collected.as_ref());
        let input = (self.backward)(&grad.contiguous()?, &mut found)?;
        found.end(self.name)?;
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(input)
    }
}

impl CustomOp2 for Node {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        match self.value()? {
            (Storage::Cpu(storage), shape) => Ok((storage, shape)),
            (other, _) => self.elsewhere(&other),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        match self.value()? {
            (Storage::Cuda(storage), shape) => Ok((storage, shape)),
            (other, _) => self.elsewhere(&other),
        }
    }

    fn bwd(&self, x: &Tensor, edge: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let input = self.gradients(grad)?.filter(|_| x.track_op());
        if input.is_none() && x.track_op() {
            // candle would panic later.
            candle_core::bail!("node `{}` left no gradient for an input that tracks", self.name)
        }
        Ok((input, Some(edge.zeros_like()?)))
    }
}

/// The edge from a node to one of its parameters.
struct Edge {
    param: TensorId,
    left: Arc<Mutex<Found>>,
}

impl CustomOp2 for Edge {
    fn name(&self) -> &'static str {
        "edge"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(1)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, edge: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        let zero = edge.device().alloc_zeros::<f32>(1)?;
        Ok((CudaStorage::wrap_cuda_slice(zero, edge.device().clone()), Shape::from(1)))
    }

    fn bwd(&self, edge: &Tensor, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        match self.left.lock().unwrap_or_else(PoisonError::into_inner).take(self.param) {
            Some(gradient) => Ok((Some(edge.zeros_like()?), Some(gradient))),
            None => candle_core::bail!("a node left no gradient for a parameter that tracks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    /// How far sums of gradients may be apart that were added up in another order.
    const ORDER_TOLERANCE: f32 = 1e-5;

    /// `x · Σ params`, elementwise, as one node.
    fn fused(x: &Tensor, params: &[&Tensor]) -> Result<Tensor> {
        let sum = params[1..].iter().try_fold(params[0].detach(), |sum, param| sum + *param)?.detach();
        let (value, saved) = ((x.detach() * &sum)?, x.detach());
        let ids: Vec<TensorId> = params.iter().map(|param| param.id()).collect();
        record("fused", x, params, value, move |grad, found| {
            let param = (&saved * grad)?;
            ids.iter().try_for_each(|id| found.add(*id, param.clone()))?;
            Ok(Some((grad * &sum)?))
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
        let mut store = loss.backward()?;
        let of_graph: Vec<bool> = vars.iter().map(|var| store.get(var).is_some()).collect();
        assert_eq!(of_graph, [true, true, false, true]);
        for var in &vars {
            let Some(gradient) = collected.take(var, &mut store)? else { candle_core::bail!("a gradient is missing") };
            let differences = (gradient - expected.get(var).unwrap())?.abs()?.flatten_all()?.to_vec1::<f32>()?;
            assert!(differences.iter().all(|difference| *difference <= ORDER_TOLERANCE), "{differences:?}");
        }
        assert!(Collected::current().is_none());
        Ok(())
    }

    /// A gradient is handed on while the way back goes on, once, and whole as far as nodes find it.
    #[test]
    fn gradients_flow_on_as_soon_as_they_are_whole() -> Result<()> {
        let device = Device::Cpu;
        let vars: Vec<Var> = (0..3).map(|_| Var::randn(0f32, 1.0, (2, 3), &device)).collect::<Result<_>>()?;
        let x = Tensor::randn(0f32, 1.0, (2, 3), &device)?;
        let [front, twice, both] = [0, 1, 2].map(|at| vars[at].as_tensor());
        let loss = || -> Result<Tensor> {
            let h = fused(&fused(&x, &[front, twice, twice])?, &[both])?;
            (fused(&h, &[twice])? * both)?.sqr()?.tanh()?.sum_all()
        };
        let expected = loss()?.backward()?;
        let flowed = Arc::new(Mutex::new(Vec::new()));
        let ready = {
            let flowed = Arc::clone(&flowed);
            Box::new(move |variable, gradient| {
                flowed.lock().unwrap().push((variable, gradient));
                Ok(())
            })
        };
        let (loss, collected) = Collected::flowing::<_, candle_core::Error>(&device, ready, loss)?;
        let mut store = loss.backward()?;
        let flowed = std::mem::take(&mut *flowed.lock().unwrap());
        let mut order: Vec<TensorId> = flowed.iter().map(|(variable, _)| *variable).collect();
        assert_eq!(order[0], both.id());
        order[1..].sort_by_key(|variable| *variable != front.id());
        assert_eq!(order[1..], [front.id(), twice.id()]);
        for (variable, mut gradient) in flowed {
            let Some(var) = vars.iter().find(|var| var.id() == variable) else { candle_core::bail!("an unknown one") };
            let rest = collected.take(var, &mut store)?;
            assert_eq!(rest.is_some(), var.id() == both.id());
            if let Some(rest) = rest {
                gradient = (gradient + rest)?;
            }
            let differences = (gradient - expected.get(var).unwrap())?.abs()?.flatten_all()?.to_vec1::<f32>()?;
            assert!(differences.iter().all(|difference| *difference <= ORDER_TOLERANCE), "{differences:?}");
        }
        Ok(())
    }

    #[test]
    fn a_parameter_that_a_node_has_twice_gets_the_sum() -> Result<()> {
        let x = Tensor::ones((2, 3), DType::F32, &Device::Cpu)?;
        let var = Var::ones((2, 3), DType::F32, &Device::Cpu)?;
        let gradients = fused(&x, &[var.as_tensor(), var.as_tensor()])?.sum_all()?.backward()?;
        assert_eq!(gradients.get(&var).unwrap().flatten_all()?.to_vec1::<f32>()?, [2.0; 6]);
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
