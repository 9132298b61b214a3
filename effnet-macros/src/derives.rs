//! Derives that no model can have: each is refused at its path, and taken out of what the compiler sees.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token};

/// A derive that no model can have.
struct Refusal {
    /// The trait.
    name: &'static str,
    /// Why there is none and what to do instead, behind "`Name`".
    sentence: &'static str,
    /// Traits without which it cannot be implemented.
    supertraits: &'static [&'static str],
}

const REFUSALS: [Refusal; 7] = [
    Refusal {
        name: "Default",
        sentence: "has no default value: make a model by `new`, with `Params::new(seed).builder()` for new weights",
        supertraits: &[],
    },
    Refusal {
        name: "Copy",
        sentence: "cannot be copied implicitly: derive `Clone`, whose `clone()` shares the weights",
        supertraits: &["Clone"],
    },
    Refusal { name: "PartialEq", sentence: NO_EQUALITY, supertraits: &[] },
    Refusal { name: "Eq", sentence: NO_EQUALITY, supertraits: &["PartialEq"] },
    Refusal {
        name: "Hash",
        sentence: "has no hash, because its weights change: take a name or a number of your own as the key",
        supertraits: &[],
    },
    Refusal { name: "PartialOrd", sentence: NO_ORDER, supertraits: &["PartialEq"] },
    Refusal { name: "Ord", sentence: NO_ORDER, supertraits: &["Eq", "PartialOrd"] },
];

const NO_EQUALITY: &str = "has no equality: compare the tables, `SPEC`, or the tensors of `params()`";
const NO_ORDER: &str = "has no order: sort by a number of yours, such as a score or `PARAMS`";

/// The refused derives of a model.
#[derive(Default)]
pub(crate) struct Refused {
    names: Vec<&'static str>,
    errors: Vec<syn::Error>,
}

impl Refused {
    /// Takes the refused derives of the model `name` out of its attributes.
    pub(crate) fn take(attrs: &mut Vec<Attribute>, name: &Ident) -> Self {
        let mut refused = Self::default();
        attrs.retain_mut(|attr| {
            let Meta::List(list) = &mut attr.meta else { return true };
            if !list.path.is_ident("derive") {
                return true;
            }
            // What is no list of paths is left to the compiler.
            let Ok(paths) = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { return true };
            let all = paths.len();
            let kept: Vec<Path> = paths.into_iter().filter(|path| !refused.refuses(path, name)).collect();
            if kept.len() < all {
                list.tokens = quote!(#(#kept),*);
            }
            !kept.is_empty() || all == 0
        });
        refused
    }

    /// Whether a path of a derive names a refused one, which is then noted.
    fn refuses(&mut self, path: &Path, name: &Ident) -> bool {
        let of_std = path.segments.first().is_some_and(|first| first.ident == "std" || first.ident == "core");
        if path.segments.len() > 1 && !of_std {
            return false;
        }
        let Some(last) = path.segments.last() else { return false };
        let Some(refusal) = REFUSALS.iter().find(|refusal| last.ident == refusal.name) else { return false };
        self.names.push(refusal.name);
        self.errors.push(syn::Error::new_spanned(path, format_args!("`{name}` {}", refusal.sentence)));
        true
    }

    /// The error of each.
    pub(crate) fn errors(&self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }

    /// Implementations for code that counts on what was refused: all that is wrong with it is the derive. In a scope
    /// where `__private` is the runtime's private module.
    pub(crate) fn stubs(&self, model: &Ident) -> TokenStream {
        let is_refused = |name: &&str| self.names.contains(name);
        let stubs =
            REFUSALS.iter().filter(|refusal| is_refused(&refusal.name) && refusal.supertraits.iter().all(is_refused));
        stubs.map(|refusal| stub(refusal.name, model)).collect()
    }
}

fn stub(name: &str, model: &Ident) -> TokenStream {
    let function = match name {
        "Default" => quote! { fn default() -> Self { loop {} } },
        "PartialEq" => quote! { fn eq(&self, _: &Self) -> __private::bool { loop {} } },
        "Hash" => quote! { fn hash<H: __private::Hasher>(&self, _: &mut H) { loop {} } },
        "PartialOrd" => {
            quote! { fn partial_cmp(&self, _: &Self) -> __private::Option<__private::Ordering> { loop {} } }
        }
        "Ord" => quote! { fn cmp(&self, _: &Self) -> __private::Ordering { loop {} } },
        _ => TokenStream::new(),
    };
    let name = Ident::new(name, model.span());
    quote!(impl __private::#name for #model { #function })
}
