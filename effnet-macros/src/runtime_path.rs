//! Where generated code finds the runtime.

use effnet_spec::Mistake;
use proc_macro_crate::{Error, FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The path of `effnet-runtime` in the crate that is being compiled, whatever its manifest calls the dependency.
pub(crate) fn find() -> Result<TokenStream, Mistake> {
    let name = match crate_name("effnet-runtime") {
        // The runtime itself, its tests and its examples: the crate is known to itself by its own name.
        Ok(FoundCrate::Itself) => "effnet_runtime".to_owned(),
        Ok(FoundCrate::Name(name)) => name,
        Err(Error::CrateNotFound { .. }) => return Err(Mistake::NoRuntime),
        // Built without Cargo: there is no manifest that could rename it.
        Err(_) => "effnet_runtime".to_owned(),
    };
    let name = Ident::new(&name, Span::call_site());
    Ok(quote!(::#name))
}
