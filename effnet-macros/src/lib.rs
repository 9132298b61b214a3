//! The `efficientnet_v2!` macro. Use it through `effnet-runtime`, which re-exports it.

mod docs;
mod expand;
mod fallback;
mod input;
mod literals;
mod runtime_path;
mod shape;
mod tokens;
mod valid;

use proc_macro2::TokenStream;

/// A stage table becomes a statically typed model.
#[proc_macro]
pub fn efficientnet_v2(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    output(input.into()).into()
}

fn output(input: TokenStream) -> TokenStream {
    let input = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match valid::validate(input) {
        Ok(model) => expand::expand(&model),
        Err(invalid) => fallback::expand(&invalid),
    }
}

#[cfg(test)]
mod output_tests;
