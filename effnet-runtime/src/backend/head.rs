//! Operations behind the blocks: mean, classifier, loss.

use candle_core::{Result, Shape, Tensor};

/// Mean over height and width of a contiguous map that is not empty.
pub(crate) trait GlobalMean: Send + Sync + 'static {
    /// `[N, C]` of `[N, H, W, C]`, in its number format.
    fn global_mean(&self, x: &Tensor) -> Result<Tensor>;

    /// The gradient of a map of this shape.
    fn global_mean_gradient(&self, shape: &Shape, grad: &Tensor) -> Result<Tensor>;
}

/// `x · weightᵀ + bias` of contiguous tensors.
pub(crate) trait Linear: Send + Sync + 'static {
    /// The result.
    fn linear(&self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor>;

    /// Gradients of `x`, the weight and the bias, those that are wanted.
    fn linear_gradients(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
        wants: [bool; 3],
    ) -> Result<[Option<Tensor>; 3]>;
}

/// Softmax cross entropy of contiguous f32 logits and targets `[N, C]`.
pub(crate) trait CrossEntropy: Send + Sync + 'static {
    /// Values of the forward pass that the gradient needs.
    type Saved: Send + Sync;

    /// The loss, a tensor of rank 0.
    fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<(Tensor, Self::Saved)>;

    /// The gradient of the logits.
    fn cross_entropy_gradient(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        saved: &Self::Saved,
        grad: &Tensor,
    ) -> Result<Tensor>;
}
