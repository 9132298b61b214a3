use candle_core::{Result, Tensor};
use effnet_spec::Padding;
use proptest::prelude::*;

use crate::backend::window::{Kind, Window};
use crate::graph::testing::convolution;
use crate::ops::check::{Float, Problem, check, f32_can_tell};

/// A convolution, dense or depthwise, as its definition says.
#[derive(Clone, Debug)]
pub(crate) struct ConvProblem {
    pub batch: usize,
    pub size: (usize, usize),
    pub in_channels: usize,
    pub out_channels: usize,
    pub window: Window,
    pub depthwise: bool,
}

/// One product of a convolution: positions in the input, the weight and the output.
type Product = (usize, usize, usize);

impl ConvProblem {
    pub(crate) fn any(depthwise: bool) -> impl Strategy<Value = Self> {
        let window = (
            prop_oneof![Just(1usize), Just(3), Just(5), Just(7)],
            1usize..=2,
            prop_oneof![Just(Padding::Symmetric), Just(Padding::Same)],
        );
        let channels = prop_oneof![1usize..=9, Just(16), Just(33), Just(40)];
        (1usize..=3, (1usize..=9, 1usize..=9), channels.clone(), channels, window).prop_map(
            move |(batch, size, inputs, outputs, (kernel, stride, padding))| Self {
                batch,
                size,
                in_channels: inputs,
                out_channels: if depthwise { inputs } else { outputs },
                window: Window { kernel, stride, padding },
                depthwise,
            },
        )
    }

    /// The shapes that draws may miss: one image that is smaller than its window, to a single pixel, with channels that
    /// fill no vector.
    pub(crate) fn corners(depthwise: bool) -> Vec<Self> {
        let mut corners = Vec::new();
        for kernel in [1, 3, 5, 7] {
            for (stride, padding) in
                [(1, Padding::Symmetric), (1, Padding::Same), (2, Padding::Symmetric), (2, Padding::Same)]
            {
                for size in [(1, 1), (1, 2), (2, 1), (2, 2), (1, 5), (3, 4)] {
                    for (in_channels, out_channels) in [(1, 1), (13, 5), (5, 13)] {
                        corners.push(Self {
                            batch: 1,
                            size,
                            in_channels,
                            out_channels: if depthwise { in_channels } else { out_channels },
                            window: Window { kernel, stride, padding },
                            depthwise,
                        });
                    }
                }
            }
        }
        corners
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.depthwise { Kind::Depthwise } else { Kind::Dense }
    }

    fn out_size(&self) -> (usize, usize) {
        (self.window.along(self.size.0).0, self.window.along(self.size.1).0)
    }

    pub(crate) fn weight_shape(&self) -> Vec<usize> {
        let inputs = if self.depthwise { 1 } else { self.in_channels };
        vec![self.out_channels, inputs, self.window.kernel, self.window.kernel]
    }

    pub(crate) fn in_shape(&self) -> Vec<usize> {
        vec![self.batch, self.size.0, self.size.1, self.in_channels]
    }

    /// Calls `f` with every product of the convolution.
    pub(crate) fn products(&self, mut f: impl FnMut(Product)) {
        let (kernel, stride) = (self.window.kernel, self.window.stride);
        let ((height, top), (width, left)) = (self.window.along(self.size.0), self.window.along(self.size.1));
        let inputs = if self.depthwise { 1 } else { self.in_channels };
        for n in 0..self.batch {
            for oy in 0..height {
                for ox in 0..width {
                    for o in 0..self.out_channels {
                        for ky in 0..kernel {
                            for kx in 0..kernel {
                                let (Some(y), Some(x)) =
                                    ((oy * stride + ky).checked_sub(top), (ox * stride + kx).checked_sub(left))
                                else {
                                    continue;
                                };
                                if y >= self.size.0 || x >= self.size.1 {
                                    continue;
                                }
                                for i in 0..inputs {
                                    let channel = if self.depthwise { o } else { i };
                                    f((
                                        ((n * self.size.0 + y) * self.size.1 + x) * self.in_channels + channel,
                                        ((o * inputs + i) * kernel + ky) * kernel + kx,
                                        ((n * height + oy) * width + ox) * self.out_channels + o,
                                    ));
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Problem for ConvProblem {
    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![self.in_shape(), self.weight_shape()]
    }

    fn out_shape(&self) -> Vec<usize> {
        let (height, width) = self.out_size();
        vec![self.batch, height, width, self.out_channels]
    }

    fn forward<F: Float>(&self, inputs: &[Vec<F>]) -> Vec<F> {
        let mut out = vec![F::of(0.0); self.out_shape().iter().product()];
        self.products(|(x, w, y)| out[y] += inputs[0][x] * inputs[1][w]);
        out
    }

    fn backward<F: Float>(&self, inputs: &[Vec<F>], grad: &[F]) -> Vec<Vec<F>> {
        let mut gradients: Vec<Vec<F>> = inputs.iter().map(|input| vec![F::of(0.0); input.len()]).collect();
        self.products(|(x, w, y)| {
            gradients[0][x] += inputs[1][w] * grad[y];
            gradients[1][w] += inputs[0][x] * grad[y];
        });
        gradients
    }

    fn op(&self, inputs: &[Tensor]) -> Result<Tensor> {
        convolution(self.kind(), &inputs[0], &inputs[1], self.window)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn dense_equals_the_definition(problem in ConvProblem::any(false)) {
        prop_assume!(f32_can_tell(&problem));
        check(&problem).unwrap();
    }
}

#[test]
fn corners_equal_the_definition() {
    for problem in ConvProblem::corners(false) {
        check(&problem).unwrap();
    }
}

#[test]
fn many_tasks_equal_the_definition() {
    // Large enough for several tasks of pixels, several parts of patches and several partial sums.
    for (stride, padding) in [(1, Padding::Symmetric), (2, Padding::Same)] {
        for (kernel, in_channels) in [(1, 40), (3, 40), (5, 12), (7, 6)] {
            let window = Window { kernel, stride, padding };
            let problem =
                ConvProblem { batch: 2, size: (37, 29), in_channels, out_channels: 9, window, depthwise: false };
            check(&problem).unwrap();
        }
    }
}

/// How far a convolution of normal draws may be from candle's, which sums its 45 products in another order.
const ORDER_TOLERANCE: f32 = 1e-4;

#[test]
fn any_layout_is_taken() -> Result<()> {
    let device = candle_core::Device::Cpu;
    let window = Window { kernel: 3, stride: 2, padding: Padding::Symmetric };
    let nchw = Tensor::randn(0f32, 1.0, (2, 5, 8, 6), &device)?;
    let weight = Tensor::randn(0f32, 1.0, (4, 3, 3, 5), &device)?;
    let (x, permuted) = (nchw.permute((0, 2, 3, 1))?, weight.permute((0, 3, 1, 2))?);
    let out = convolution(Kind::Dense, &x, &permuted, window)?;
    let expected = nchw.conv2d(&permuted.contiguous()?, 1, 2, 1, 1)?.permute((0, 2, 3, 1))?;
    let differences = (out - expected)?.abs()?.flatten_all()?.to_vec1::<f32>()?;
    assert!(differences.iter().all(|difference| *difference < ORDER_TOLERANCE), "{differences:?}");
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() -> Result<()> {
    let device = candle_core::Device::Cpu;
    let window = Window { kernel: 3, stride: 1, padding: Padding::Symmetric };
    let x = Tensor::zeros((1, 4, 4, 5), candle_core::DType::F32, &device)?;
    let weight = |shape| Tensor::zeros(shape, candle_core::DType::F32, &device);
    let error = convolution(Kind::Dense, &x, &weight((2, 6, 3, 3))?, window).unwrap_err().to_string();
    assert!(error.contains("6 channels was given 5"), "{error}");
    let error = convolution(Kind::Dense, &x, &weight((2, 5, 1, 1))?, window).unwrap_err().to_string();
    assert!(error.contains("kernel 3"), "{error}");
    let error = convolution(Kind::Depthwise, &x, &weight((5, 2, 3, 3))?, window).unwrap_err().to_string();
    assert!(error.contains("a depthwise convolution was given weights [5, 2, 3, 3]"), "{error}");
    Ok(())
}
