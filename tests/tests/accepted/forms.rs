//! The forms that a table and its surroundings may have.

use effnet_runtime::candle::Result;
use effnet_runtime::efficientnet_v2;

mod shorthand {
    effnet_runtime::efficientnet_v2!(< [1, 3, 1, 1, 8, 8, fused, 0] >);
}

mod shorthand_in_brackets {
    effnet_runtime::efficientnet_v2![< [1, 3, 1, 1, 8, 8, fused, 0] > { dropout: 0.1 }];
}

mod visibility {
    effnet_runtime::efficientnet_v2! { pub(super) struct Super <[1, 3, 1, 1, 8, 8, fused, 0]>; }
    effnet_runtime::efficientnet_v2! { pub(crate) struct Crate <[1, 3, 1, 1, 8, 8, fused, 0]>; }
    effnet_runtime::efficientnet_v2! { pub(in crate::forms) struct Forms <[1, 3, 1, 1, 8, 8, fused, 0]>; }
    effnet_runtime::efficientnet_v2! { struct Private <[1, 3, 1, 1, 8, 8, fused, 0]>; }

    pub(super) const PRIVATE: usize = Private::PARAMS;
}

efficientnet_v2! {
    #[cfg(any())]
    #[derive(NoSuchDerive)]
    pub struct LeftOut <[1, 3, 1, 1, 8, 8, fused, 0]>;
}

efficientnet_v2! {
    #[cfg(all())]
    #[must_use]
    struct BlockStrings <"r2_k3_s2_e4_i24_o48_c1", "r6_k3_s2_e4_i48_o128_se0.25",>;
}

efficientnet_v2! {
    struct Numbers <[2, 3, 2, 4, 24, 48, 0, 0], [6, 3, 2, 4, 48, 128, 1, 0.25]>;
}

/// A crate of one's own that re-exports the runtime.
mod reexport {
    pub(super) use effnet_runtime as runtime;

    /// Cells may come from another macro, and the runtime from its crate.
    macro_rules! uniform {
        ($name:ident, $channels:expr, $operator:ident, $ratio:literal) => {
            effnet_runtime::efficientnet_v2! {
                pub(super) struct $name <[1, 3, 1, 1, $channels, $channels, $operator, $ratio]> { crate: $crate::forms::reexport::runtime }
            }
        };
    }
    uniform!(Uniform, 16, mbconv, 0.25);
}

#[test]
fn forms_of_a_call_are_alike() {
    assert_eq!(shorthand::EfficientNetV2::SPEC.name, "EfficientNetV2");
    assert_eq!(shorthand::EfficientNetV2::PARAMS, shorthand_in_brackets::EfficientNetV2::PARAMS);
    assert_eq!(shorthand_in_brackets::EfficientNetV2::SPEC.settings.dropout, 0.1);
}

#[test]
fn a_model_is_as_visible_as_it_says() {
    let params = [visibility::Super::PARAMS, visibility::Crate::PARAMS, visibility::Forms::PARAMS, visibility::PRIVATE];
    assert_eq!(params, [shorthand::EfficientNetV2::PARAMS; 4]);
}

#[test]
fn block_strings_and_numbered_operators_are_rows() {
    assert_eq!(BlockStrings::SPEC.rows, Numbers::SPEC.rows);
}

#[test]
fn the_runtime_may_be_named_through_another_crate() -> Result<()> {
    use effnet_runtime::{Network, Params};

    assert_eq!(reexport::Uniform::new(5, Params::new(0).builder())?.num_classes(), 5);
    Ok(())
}
