//! A macro's input to a valid model, or all that is wrong with it.

use effnet_spec::grammar::{self, Form, Lowered, Path, Report, RowSpans};
use effnet_spec::{Error, Mistake, Spec};
use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::input::Input;
use crate::runtime_path;
use crate::tokens::{At, Converted};

/// A model without mistakes: its expansion cannot fail.
pub(crate) struct Model {
    pub(crate) input: Input,
    pub(crate) spec: Spec,
    /// Where the row and the operator of each stage stand.
    pub(crate) rows: Vec<RowSpans<At>>,
    /// The path of the runtime crate.
    pub(crate) runtime: TokenStream,
}

/// A model with mistakes, and what is known of it nevertheless.
pub(crate) struct Invalid {
    /// Every mistake, first to last.
    pub(crate) errors: Vec<Error<At>>,
    pub(crate) input: Input,
    /// The table as far as it could be read.
    pub(crate) sketch: Spec,
    /// The path of the runtime crate, if it could be found.
    pub(crate) runtime: Option<TokenStream>,
}

/// Checks everything about `input`.
pub(crate) fn validate(mut input: Input) -> Result<Model, Box<Invalid>> {
    let converted = Converted::new(std::mem::take(&mut input.body));
    let form = if input.named { Form::Struct } else { Form::Short };
    let mut report = Report::new();
    let name = At { span: input.ident.span(), number: 0 };
    if let Some(span) = input.inner_attribute {
        report.error(At { span, number: 0 }, Mistake::InnerAttribute);
    }
    let end = converted.end(if input.named { input.ident.span() } else { Span::call_site() });
    let ast = grammar::parse(&converted.tokens, end, form, &mut report);
    let Lowered { spec, rows, crate_path } = grammar::lower(&input.ident.to_string(), &ast, &mut report);
    let runtime = match crate_path {
        Some(path) => Some(written_path(&converted, &path)),
        None => runtime_path::find().map_err(|mistake| report.error(name, mistake)).ok(),
    };
    match (report.finish(), runtime) {
        (Ok(()), Some(runtime)) => Ok(Model { input, spec, rows, runtime }),
        (result, runtime) => {
            let mut errors = result.err().unwrap_or_default();
            errors.sort_by_key(|error| error.place.number);
            Err(Box::new(Invalid { errors, input, sketch: spec, runtime }))
        }
    }
}

fn written_path(converted: &Converted, path: &Path<At>) -> TokenStream {
    let global = path.global.then(|| quote!(::));
    let segments = path.segments.iter().filter_map(|(_, at)| converted.ident(*at));
    quote!(#global #(#segments)::*)
}
