//! What the types of `efficientnet_v2!` have in common, for code that is generic over them.

use candle_core::Result;
use candle_nn::VarBuilder;
use effnet_spec::Spec;

use crate::network::Network;

/// A type that `efficientnet_v2!` defined: a network with its table as a constant, and the way to make one.
///
/// A [`Network`] is a model that is there already, of whatever type; a `Model` is a type that code can make models of.
///
/// ```
/// use effnet_runtime::candle::Result;
/// use effnet_runtime::{Model, Params, efficientnet_v2};
///
/// efficientnet_v2! { struct Narrow <[1, 3, 2, 1,  8,  8, fused, 0]>; }
/// efficientnet_v2! { struct Wide   <[1, 3, 2, 1, 16, 16, fused, 0]>; }
///
/// /// Any model, with its parameters newly drawn.
/// fn drawn<M: Model>(num_classes: usize, seed: u64) -> Result<M> {
///     println!("{} of {} blocks", M::SPEC.name, M::SPEC.num_blocks());
///     M::new(num_classes, Params::new(seed).builder())
/// }
///
/// # fn main() -> Result<()> {
/// let narrow: Narrow = drawn(10, 0)?;
/// let wide: Wide = drawn(10, 0)?;
/// # let _ = (narrow, wide);
/// # Ok(())
/// # }
/// ```
pub trait Model: Network + Sized {
    /// Table and settings.
    const SPEC: Spec;

    /// A model with `num_classes` classes, whose parameters are `vb`'s. With 0 it has no classifier.
    ///
    /// # Errors
    /// When `vb` lacks a parameter or has it in another shape.
    fn new(num_classes: usize, vb: VarBuilder<'_>) -> Result<Self>;
}
