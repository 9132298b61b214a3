//! The non-linearities and their derivatives.

use effnet_spec::Activation;

use crate::simd::{Arch, FEWEST_LANES, Plain, sigmoid, sigmoid_divisor};

/// A function of one number that kernels are compiled for.
pub trait Function: Send + Sync {
    /// Its value at `u`.
    fn value(arch: impl Arch, u: f32) -> f32;
    /// Its value in place of each number.
    #[inline(always)]
    fn values(arch: impl Arch, of: &mut [f32]) {
        for u in of {
            *u = Self::value(arch, *u);
        }
    }
    /// Its derivative at `u`; at a kink, PyTorch's choice.
    fn derivative(arch: impl Arch, u: f32) -> f32;
}

/// `u`.
pub struct Identity;
/// `u · sigmoid(u)`.
pub struct Silu;
/// `max(u, 0)`.
pub struct Relu;
/// `min(max(u, 0), 6)`.
pub struct Relu6;
/// `u · relu6(u + 3) / 6`.
pub struct HardSwish;

impl Function for Identity {
    #[inline(always)]
    fn value(_: impl Arch, u: f32) -> f32 {
        u
    }

    #[inline(always)]
    fn derivative(_: impl Arch, _: f32) -> f32 {
        1.0
    }
}

impl Function for Silu {
    #[inline(always)]
    fn value(arch: impl Arch, u: f32) -> f32 {
        u / sigmoid_divisor(arch, u)
    }

    #[inline(always)]
    fn values(arch: impl Arch, of: &mut [f32]) {
        arch.silu(of);
    }

    #[inline(always)]
    fn derivative(arch: impl Arch, u: f32) -> f32 {
        let s = sigmoid(arch, u);
        s * arch.mul_add(u, 1.0 - s, 1.0)
    }
}

/// `max(u, 0)` that keeps NaN, which `f32::max` would turn into 0 and so hide from the check of the loss.
#[inline(always)]
fn positive(u: f32) -> f32 {
    if u < 0.0 { 0.0 } else { u }
}

/// `min(u, 6)` that keeps NaN.
#[inline(always)]
fn at_most_6(u: f32) -> f32 {
    if u > 6.0 { 6.0 } else { u }
}

/// `relu6(u + 3) / 6`.
#[inline(always)]
pub fn hard_sigmoid(u: f32) -> f32 {
    at_most_6(positive(u + 3.0)) * (1.0 / 6.0)
}

impl Function for Relu {
    #[inline(always)]
    fn value(_: impl Arch, u: f32) -> f32 {
        positive(u)
    }

    #[inline(always)]
    fn derivative(_: impl Arch, u: f32) -> f32 {
        if u > 0.0 { 1.0 } else { 0.0 }
    }
}

impl Function for Relu6 {
    #[inline(always)]
    fn value(_: impl Arch, u: f32) -> f32 {
        at_most_6(positive(u))
    }

    #[inline(always)]
    fn derivative(_: impl Arch, u: f32) -> f32 {
        if u > 0.0 && u < 6.0 { 1.0 } else { 0.0 }
    }
}

impl Function for HardSwish {
    #[inline(always)]
    fn value(_: impl Arch, u: f32) -> f32 {
        u * at_most_6(positive(u + 3.0)) * (1.0 / 6.0)
    }

    #[inline(always)]
    fn derivative(arch: impl Arch, u: f32) -> f32 {
        if u <= -3.0 {
            0.0
        } else if u < 3.0 {
            arch.mul_add(u, 1.0 / 3.0, 0.5)
        } else {
            1.0
        }
    }
}

/// Calls a generic function with the type of an activation; `None` is the identity.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_function {
    ($activation:expr, $function:ident => $call:expr) => {
        match $activation {
            None => {
                type $function = $crate::activation::Identity;
                $call
            }
            Some($crate::Activation::Silu) => {
                type $function = $crate::activation::Silu;
                $call
            }
            Some($crate::Activation::Relu) => {
                type $function = $crate::activation::Relu;
                $call
            }
            Some($crate::Activation::Relu6) => {
                type $function = $crate::activation::Relu6;
                $call
            }
            Some($crate::Activation::HardSwish) => {
                type $function = $crate::activation::HardSwish;
                $call
            }
        }
    };
}
pub use __with_function as with_function;

/// Instructions that every machine has, for a few numbers.
const PORTABLE: Plain<FEWEST_LANES> = Plain;

/// An activation's value at `u`, for the few numbers of a squeezed layer.
pub fn value(activation: Activation, u: f32) -> f32 {
    with_function!(Some(activation), F => F::value(PORTABLE, u))
}

/// An activation's derivative at `u`.
pub fn derivative(activation: Activation, u: f32) -> f32 {
    with_function!(Some(activation), F => F::derivative(PORTABLE, u))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are PyTorch 2.15's.
    #[test]
    fn derivatives_at_kinks_are_those_of_pytorch() {
        let at = |activation, points: &[f32]| points.iter().map(|u| derivative(activation, *u)).collect::<Vec<_>>();
        assert_eq!(at(Activation::Relu, &[0.0, -0.0]), [0.0, 0.0]);
        assert_eq!(at(Activation::Relu6, &[0.0, 6.0]), [0.0, 0.0]);
        assert_eq!(at(Activation::HardSwish, &[-3.0, 3.0]), [0.0, 1.0]);
    }

    #[test]
    fn nan_stays_nan() {
        for activation in [Activation::Silu, Activation::Relu, Activation::Relu6, Activation::HardSwish] {
            assert!(value(activation, f32::NAN).is_nan(), "{activation:?}");
        }
    }

    #[test]
    fn large_arguments_stay_finite() {
        for activation in [Activation::Silu, Activation::Relu, Activation::Relu6, Activation::HardSwish] {
            for u in [-1e30f32, -200.0, -88.0, 88.0, 200.0, 1e30] {
                assert!(value(activation, u).is_finite(), "{activation:?} at {u}");
                assert!(derivative(activation, u).is_finite(), "{activation:?}' at {u}");
            }
        }
    }
}
