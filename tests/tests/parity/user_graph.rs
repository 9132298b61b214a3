//! A network in the middle of a user's own graph: candle layers before and behind, a loss of their own.

use effnet_runtime::candle::{Device, Module, ModuleT, Result, Tensor, Var};
use effnet_runtime::candle_nn::{VarBuilder, conv2d, linear};
use effnet_runtime::{Network, Params};

use super::fixture::{Golden, values};
use super::models::Mixed;

struct Graph {
    front: effnet_runtime::candle_nn::Conv2d,
    network: Mixed,
    behind: effnet_runtime::candle_nn::Linear,
}

impl Graph {
    fn new(own: VarBuilder<'_>) -> Result<Self> {
        let front = conv2d(3, 3, 1, Default::default(), own.pp("front"))?;
        let network = Mixed::new(7, Params::new(3).builder())?;
        Ok(Self { front, network, behind: linear(7, 2, own.pp("behind"))? })
    }

    fn loss(&self, images: &Tensor) -> Result<Tensor> {
        let logits = self.network.forward_t(&self.front.forward(images)?, true)?;
        self.behind.forward(&logits)?.tanh()?.sqr()?.mean_all()
    }
}

#[test]
fn gradients_reach_every_parameter() {
    let images = Golden::read("mixed.safetensors").get("x").clone();
    let own = Params::new(5);
    let graph = Graph::new(own.builder()).unwrap();
    let gradients = graph.loss(&images).unwrap().backward().unwrap();
    let all: Vec<(String, Var)> = own.all().into_iter().chain(graph.network.params().weights()).collect();
    assert_eq!(own.all().len(), 4);
    for (name, var) in &all {
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("no gradient reaches `{name}`"));
        let values = values(gradient);
        assert!(values.iter().all(|value| value.is_finite()), "{name}");
        assert!(values.iter().any(|value| *value != 0.0), "the gradient of `{name}` is zero");
    }
    for (name, buffer) in graph.network.params().buffers() {
        assert!(gradients.get(&buffer).is_none(), "`{name}` is a buffer and has a gradient");
    }
}

/// Along the gradient, the loss rises as the gradient says: what arrives at the user's first layer has come through the
/// network's backward pass, whole.
#[test]
fn the_gradient_of_the_layer_in_front_is_the_slope_of_the_loss() {
    let images = Golden::read("mixed.safetensors").get("x").clone();
    let own = Params::new(5);
    let graph = Graph::new(own.builder()).unwrap();
    let gradients = graph.loss(&images).unwrap().backward().unwrap();
    let weight = own.get("front.weight").unwrap();
    let gradient = gradients.get(&weight).unwrap().clone();
    let squared: f32 = gradient.sqr().unwrap().sum_all().unwrap().to_scalar().unwrap();
    let direction = (&gradient / f64::from(squared.sqrt())).unwrap();
    let start = weight.as_tensor().copy().unwrap();
    let at = |distance: f64| -> f64 {
        weight.set(&(&start + (&direction * distance).unwrap()).unwrap()).unwrap();
        f64::from(graph.loss(&images).unwrap().to_scalar::<f32>().unwrap())
    };
    // Wide enough that the f32 loss resolves the difference.
    let step = 1e-2;
    let slope = (at(step) - at(-step)) / (2.0 * step);
    let expected = f64::from(squared.sqrt());
    assert!((slope - expected).abs() < 0.02 * expected, "the slope is {slope}, and the gradient says {expected}");
}

/// In evaluation parameters are constants, and images are not: an attribution method needs their gradient.
#[test]
fn in_evaluation_a_gradient_reaches_the_images_alone() {
    let network = Mixed::new(7, Params::new(3).builder()).unwrap();
    let images = Var::from_tensor(Golden::read("mixed.safetensors").get("x")).unwrap();
    let gradients = network.forward_t(&images, false).unwrap().sum_all().unwrap().backward().unwrap();
    assert!(values(gradients.get(&images).unwrap()).iter().any(|value| *value != 0.0));
    for (name, var) in network.params().all() {
        assert!(gradients.get(&var).is_none(), "{name}");
    }
    let constant = Tensor::zeros((1, 3, 32, 32), effnet_runtime::candle::DType::F32, &Device::Cpu).unwrap();
    assert!(!network.forward_t(&constant, false).unwrap().track_op(), "an evaluation of constants keeps a graph");
}
