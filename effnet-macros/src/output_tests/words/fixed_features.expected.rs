struct Word {
    stem: ::effnet_runtime::__private::Stem<3, 32>,
    stage_1: ::effnet_runtime::__private::Stage<
        ::effnet_runtime::__private::MbConv<32, 32, 0, 32, 3, 1>,
    >,
    head: ::effnet_runtime::__private::Head<32, 1280>,
    core: ::effnet_runtime::__private::Core,
}
const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
