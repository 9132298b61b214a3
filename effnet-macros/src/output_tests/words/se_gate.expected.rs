struct Word {
    stem: ::effnet_runtime::__private::Stem<3, 8>,
    stage_1: ::effnet_runtime::__private::Stage<
        ::effnet_runtime::__private::MbConv<8, 8, 2, 8, 3, 1>,
    >,
    head: ::effnet_runtime::__private::Head<8, 1280>,
    core: ::effnet_runtime::__private::Core,
}
const SPEC: __private::Spec = __private::Spec {
    name: __private::Cow::Borrowed("Word"),
    rows: __private::Cow::Borrowed(
        &[__private::Row::new(1, 3, 1, 1, 8, 8, __private::Operator::MbConv, 0.25)],
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
        se_gate: __private::Gate::HardSigmoid,
        se_activation: __private::Option::None,
        se_of: __private::SeOf::Input,
        train_size: __private::Option::None,
        eval_size: __private::Option::None,
        mean: __private::Cow::Borrowed(&[0.5]),
        std: __private::Cow::Borrowed(&[0.5]),
    },
};
