struct Word {
    stem: ::effnet_runtime::__private::Stem<3, 16>,
    stage_1: ::effnet_runtime::__private::Stage<
        [::effnet_runtime::__private::MbConv<16, 16, 0, 16, 3, 1>; 2],
    >,
    head: ::effnet_runtime::__private::Head<16, 1280>,
    core: ::effnet_runtime::__private::Core,
}
const SPEC: __private::Spec = <Self as __private::Model>::SPEC;
