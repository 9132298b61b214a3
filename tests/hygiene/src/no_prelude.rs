//! A module that sees no name that it does not define.

#![no_implicit_prelude]

::renamed::efficientnet_v2! {
    /// A model among nothing.
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [2, 3, 2, 4, 24, 48, mbconv, 0.25],
    > { drop_path: 0.1 }
}

impl ::core::fmt::Debug for Model {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.write_str("Model")
    }
}
