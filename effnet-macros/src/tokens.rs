//! rustc's tokens to the grammar's.

use std::collections::BTreeMap;

use effnet_spec::grammar::{Delimiter, Group, Token, TokenKind};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};

/// Where a token is: rustc's span, and the token's number, because spans have no order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) span: Span,
    pub(crate) number: usize,
}

/// A macro's input in the grammar's terms.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    pub(crate) tokens: Vec<Token<At>>,
    idents: BTreeMap<usize, Ident>,
    count: usize,
}

impl Converted {
    pub(crate) fn new(stream: TokenStream) -> Self {
        let mut converted = Self::default();
        converted.tokens = converted.convert(stream);
        converted
    }

    /// The identifier at `at`, as it came: a `$crate` can't be made anew.
    pub(crate) fn ident(&self, at: At) -> Option<&Ident> {
        self.idents.get(&at.number)
    }

    /// The place of the last token; without any, `span`.
    pub(crate) fn end(&self, span: Span) -> At {
        At { span: self.tokens.last().map_or(span, |token| token.span.span), number: self.count }
    }

    fn place(&mut self, span: Span) -> At {
        self.count += 1;
        At { span, number: self.count }
    }

    fn convert(&mut self, stream: TokenStream) -> Vec<Token<At>> {
        let mut tokens = Vec::new();
        for tree in stream {
            let at = self.place(tree.span());
            let kind = match tree {
                TokenTree::Group(group) => match delimiter(group.delimiter()) {
                    // The tokens that replaced a `macro_rules!` variable stand in an invisible group.
                    None => {
                        tokens.extend(self.convert(group.stream()));
                        continue;
                    }
                    Some(delimiter) => {
                        let open = At { span: group.span_open(), ..at };
                        let tokens = self.convert(group.stream());
                        TokenKind::Group(Group { delimiter, tokens, open, close: self.place(group.span_close()) })
                    }
                },
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    self.idents.insert(at.number, ident);
                    TokenKind::Word(word)
                }
                TokenTree::Punct(punct) => TokenKind::Punct(punct.as_char()),
                TokenTree::Literal(literal) => literal_kind(literal.to_string()),
            };
            tokens.push(Token { kind, span: at });
        }
        tokens
    }
}

fn delimiter(delimiter: proc_macro2::Delimiter) -> Option<Delimiter> {
    match delimiter {
        proc_macro2::Delimiter::Parenthesis => Some(Delimiter::Parenthesis),
        proc_macro2::Delimiter::Bracket => Some(Delimiter::Bracket),
        proc_macro2::Delimiter::Brace => Some(Delimiter::Brace),
        proc_macro2::Delimiter::None => None,
    }
}

fn literal_kind(text: String) -> TokenKind<At> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return TokenKind::Number(text);
    }
    match syn::parse_str::<syn::LitStr>(&text) {
        Ok(string) => TokenKind::Text(string.value()),
        Err(_) => TokenKind::Other(text),
    }
}
