//! Items that generated code names. Not part of the public interface.

pub use std::borrow::Cow;
pub use std::clone::Clone;
pub use std::cmp::{Eq, Ord, Ordering, PartialEq, PartialOrd};
pub use std::default::Default;
pub use std::fmt::Debug;
pub use std::hash::{Hash, Hasher};
pub use std::option::Option;
pub use std::primitive::{bool, f64, usize};
pub use std::result::Result::{Err, Ok};
pub use std::vec::Vec;

pub use candle_core::{ModuleT, Result, Tensor};
pub use candle_nn::VarBuilder;
pub use effnet_spec::{Activation, Expansion, Gate, HeadKind, Operator, Padding, Row, SeOf, Settings, Spec, Squeeze};

pub use crate::builder::Builder;
pub use crate::feature_map::FeatureMap;
pub use crate::model::Model;
pub use crate::network::{Core, Eval, Network};
pub use crate::pass::Pass;
pub use crate::typed::*;
