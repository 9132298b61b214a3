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
const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
