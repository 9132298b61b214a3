//! A model with mistakes: its errors, and a stub that code using the model compiles against, so that no other error
//! distracts from them.

use effnet_spec::{MAX_BLOCKS, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use crate::input::Input;
use crate::literals::whole;
use crate::shape::{self, Names, Parts};
use crate::valid::Invalid;

/// All errors and the stub's items.
pub(crate) fn expand(invalid: &Invalid) -> TokenStream {
    let Invalid { errors, input, sketch, runtime } = invalid;
    let errors = errors.iter().map(|error| syn::Error::new(error.place.span, &error.mistake).into_compile_error());
    let stub = match runtime {
        Some(runtime) => {
            let body = quote!(loop {});
            let (drop_path, new, run) = (drop_path(sketch), body.clone(), body.clone());
            let parts = Parts { drop_path, new, run, embeddings: body.clone(), features: body, ..Parts::default() };
            shape::assemble(input, &Names::new(input, sketch), sketch, runtime, &parts)
        }
        None => without_runtime(input, sketch),
    };
    quote!(#(#errors)* #stub)
}

/// The number of blocks, and as many rates.
fn drop_path(sketch: &Spec) -> (usize, TokenStream) {
    let blocks = sketch.num_blocks().min(MAX_BLOCKS);
    let length = whole(blocks);
    (blocks, quote!([0.0; #length]))
}

/// A stub that names nothing of the runtime.
fn without_runtime(input: &Input, sketch: &Spec) -> TokenStream {
    let Input { attrs, vis, struct_token, ident, .. } = input;
    let cfgs = shape::conditions(attrs);
    let (blocks, rates) = drop_path(sketch);
    let blocks = whole(blocks);
    quote! {
        #(#attrs)*
        #[allow(dead_code)]
        #vis #struct_token #ident;

        #cfgs
        #[allow(dead_code)]
        impl #ident {
            #vis const PARAMS: usize = 0;
            #vis const DROP_PATH: [f64; #blocks] = #rates;
            #vis const fn params(_: usize) -> usize {
                0
            }
        }
    }
}
