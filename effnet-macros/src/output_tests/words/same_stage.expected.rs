struct Word {
    stem: ::effnet_runtime::__private::Stem<3, 8>,
    stage_1: ::effnet_runtime::__private::Stage<
        (
            ::effnet_runtime::__private::FusedMbConv<8, 32, 0, 8, 3, 1>,
            (
                ::effnet_runtime::__private::MbConv<8, 32, 0, 16, 3, 2>,
                ::effnet_runtime::__private::MbConv<16, 64, 0, 16, 3, 1>,
            ),
        ),
    >,
    head: ::effnet_runtime::__private::Head<16, 1280>,
    core: ::effnet_runtime::__private::Core,
}
const SPEC: __private::Spec = __private::Spec {
    name: __private::Cow::Borrowed("Word"),
    rows: __private::Cow::Borrowed(
        &[
            __private::Row::new(1, 3, 1, 4, 8, 8, __private::Operator::Fused, 0.0),
            __private::Row {
                same_stage: true,
                ..__private::Row::new(
                    2,
                    3,
                    2,
                    4,
                    8,
                    16,
                    __private::Operator::MbConv,
                    0.0,
                )
            },
        ],
    ),
    settings: __private::Settings {
        in_channels: 3,
        num_features: 1280,
        head: __private::HeadKind::Conv,
        head_bias: true,
        stem_kernel: 3,
        dropout: 0.2,
        drop_path: 0.2,
        bn_eps: 0.001,
        bn_momentum: 0.1,
        padding: __private::Padding::Symmetric,
        activation: __private::Activation::Silu,
        se_gate: __private::Gate::Sigmoid,
        se_activation: __private::Option::None,
        se_of: __private::SeOf::Input,
        train_size: __private::Option::None,
        eval_size: __private::Option::None,
        mean: __private::Cow::Borrowed(&[0.5]),
        std: __private::Cow::Borrowed(&[0.5]),
    },
};
