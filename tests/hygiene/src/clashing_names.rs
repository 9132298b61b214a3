//! A module that has given the names in generated code another meaning.

#![allow(non_camel_case_types, dead_code, unused_macros, reason = "the names are there to be in the way")]

macro_rules! clash {
    ($(mod $module:ident;)* $(struct $name:ident;)* $(trait $trait:ident;)* $(macro $macro:ident;)*) => {
        $(mod $module {})*
        $(struct $name;)*
        $(trait $trait {
            fn forward(&self) {}
            fn finish(&self) {}
            fn spec(&self) {}
            fn params(&self) {}
            fn to_nchw(&self) {}
        }
        impl<T> $trait for T {})*
        $(macro_rules! $macro { () => { compile_error!("generated code uses a macro") } })*
    };
}

clash! {
    mod core; mod std; mod alloc; mod renamed; mod effnet_runtime; mod __private;
    struct Result; struct Option; struct Vec; struct Box; struct String; struct Ok; struct Err; struct Some; struct None;
    struct Tensor; struct FeatureMap; struct Pass; struct Params; struct Dialect; struct Spec; struct Row;
    struct Settings; struct Operator; struct Padding; struct Activation; struct Builder; struct Core; struct Eval;
    struct Stem; struct Head; struct MbConv; struct FusedMbConv; struct VarBuilder; struct Cow; struct Self_;
    struct usize; struct f64; struct bool; struct str;
    trait Network; trait ModuleT; trait Module; trait Clone; trait Debug; trait From; trait Into; trait Copy; trait Default;
    macro vec; macro format; macro panic; macro matches;
}

::renamed::efficientnet_v2! {
    /// A model among impostors.
    #[derive(Debug)]
    pub struct Model <
        [2, 3, 1, 1, 24, 24, fused, 0],
        [2, 3, 2, 4, 24, 48, mbconv, 0.25],
    > { drop_path: 0.1 }
}
