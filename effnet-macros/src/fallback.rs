//! A model with mistakes: its errors, and a stub that code using the model compiles against, so that no other error
//! distracts from them.

use effnet_spec::MAX_BLOCKS;
use proc_macro2::TokenStream;
use quote::quote;

use crate::literals::whole;
use crate::shape::{self, Names, Parts};
use crate::valid::Invalid;

/// All errors and the stub's items.
pub(crate) fn expand(invalid: &Invalid) -> TokenStream {
    let Invalid { errors, input, sketch, runtime } = invalid;
    let errors = errors.iter().map(|error| syn::Error::new(error.place.span, &error.mistake).into_compile_error());
    let stub = match runtime {
        Some(runtime) => {
            let blocks = sketch.num_blocks().min(MAX_BLOCKS);
            let length = whole(blocks);
            let body = quote!(loop {});
            let drop_path = (blocks, quote!([0.0; #length]));
            let parts = Parts { drop_path, new: body.clone(), run: body.clone(), features: body, ..Parts::default() };
            shape::assemble(input, &Names::new(input, sketch), sketch, runtime, &parts)
        }
        // Nothing of the runtime can be named.
        None => {
            let (attrs, vis, ident) = (&input.attrs, &input.vis, &input.ident);
            quote!(#(#attrs)* #vis struct #ident;)
        }
    };
    quote!(#(#errors)* #stub)
}
