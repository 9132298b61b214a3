//! The tokens in front of the table, parsed by syn.

use effnet_spec::Mistake;
use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Token, Visibility};

use crate::derives::Refused;

/// `attrs vis struct Name`, and the tokens behind it.
pub(crate) struct Input {
    /// The attributes without the refused derives.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) refused: Refused,
    pub(crate) vis: Visibility,
    /// The user's own, which the expansion keeps: errors about the type's name then mark `pub struct Name`.
    pub(crate) struct_token: Token![struct],
    pub(crate) ident: Ident,
    /// Whether `struct Name` was written; the shorthand leaves it out.
    pub(crate) named: bool,
    /// Where an inner attribute stands, which belongs to a module.
    pub(crate) inner_attribute: Option<Span>,
    pub(crate) body: TokenStream,
}

impl Parse for Input {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(input.error(Mistake::NoModel));
        }
        if input.peek(Token![<]) {
            let span = Span::call_site();
            return Ok(Self {
                attrs: Vec::new(),
                refused: Refused::default(),
                vis: Visibility::Public(Token![pub](span)),
                struct_token: Token![struct](span),
                ident: Ident::new("EfficientNetV2", span),
                named: false,
                inner_attribute: None,
                body: input.parse()?,
            });
        }
        let inner_attribute = (input.peek(Token![#]) && input.peek2(Token![!])).then(|| input.span());
        input.call(Attribute::parse_inner)?;
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if !input.peek(Token![struct]) {
            return Err(input.error(Mistake::NoStruct));
        }
        let struct_token = input.parse()?;
        let ident = input.parse()?;
        let refused = Refused::take(&mut attrs, &ident);
        let body = input.parse()?;
        Ok(Self { attrs, refused, vis, struct_token, ident, named: true, inner_attribute, body })
    }
}
