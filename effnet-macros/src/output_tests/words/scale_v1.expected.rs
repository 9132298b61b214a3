struct Word {
    stem: ::effnet_runtime::__private::Stem<3, 24>,
    stage_1: ::effnet_runtime::__private::Stage<
        ::effnet_runtime::__private::MbConv<24, 24, 0, 24, 3, 1>,
    >,
    head: ::effnet_runtime::__private::Head<24, 1536>,
    core: ::effnet_runtime::__private::Core,
}
const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
