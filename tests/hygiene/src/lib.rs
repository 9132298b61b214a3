//! Generated code in surroundings that fit it badly: it must compile, without a warning.
//!
//! The crate depends on `effnet-runtime` under another name, and denies whatever a user might deny.

#![deny(warnings, missing_docs, unsafe_code, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(unused, nonstandard_style, future_incompatible, rust_2018_idioms, let_underscore_drop, single_use_lifetimes)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod clashing_names;
pub mod no_prelude;
mod private;

renamed::efficientnet_v2! {
    /// A model that is documented, as `missing_docs` demands.
    #[derive(Debug)]
    pub struct Documented <
        [2, 3, 1, 1, 24, 24, fused, 0],
        "r2_k3_s2_e4_i24_o48_se0.25",
    > { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], train_size: 300, eval_size: 384 }
}

renamed::efficientnet_v2! {
    #[derive(Debug)]
    pub struct Undocumented <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

renamed::efficientnet_v2! {
    /// A model that nobody should use.
    #[deprecated = "there is a better one"]
    #[derive(Debug)]
    pub struct Deprecated <[2, 3, 1, 1, 24, 24, fused, 0]>;
}

/// Parameters of the models that are visible in this crate only.
pub const PRIVATE_PARAMS: [usize; 2] = [private::Restricted::PARAMS, private::UNSEEN_PARAMS];
