//! A valid model to Rust. Nothing can go wrong here.

use effnet_spec::{Block, Operator};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::docs;
use crate::literals::{real, whole};
use crate::shape::{self, Names, Parts};
use crate::valid::Model;

/// The model's items.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let Model { input, spec, runtime, .. } = model;
    let names = Names::new(input, spec);
    let blocks: Vec<TypedBlock> = spec.blocks().map(|block| TypedBlock::new(block, model)).collect();
    let rates = spec.blocks().map(|block| real(block.drop_path));
    let parts = Parts {
        docs: docs::architecture(&input.attrs, spec),
        fields: fields(model, &blocks),
        body_params: spec.params(0) as usize,
        drop_path: (blocks.len(), quote!([#(#rates),*])),
        new: new(&blocks),
        run: run(&names),
        features: features(&names),
        functions: stage_functions(model, &names, &blocks),
    };
    shape::assemble(input, &names, spec, runtime, &parts)
}

/// A block as a field of the model.
struct TypedBlock {
    block: Block,
    /// Where its row stands.
    span: Span,
    field: Ident,
    /// `FusedMbConv` or `MbConv`, at the operator's cell.
    kind: Ident,
}

impl TypedBlock {
    fn new(block: Block, model: &Model) -> Self {
        // Errors and an editor's jumps lead to the table; names mean what they mean to generated code.
        let at = |span: Span| span.resolved_at(Span::call_site());
        let spans = &model.rows[block.stage];
        let span = at(spans.row.span);
        let kind = match block.operator {
            Operator::Fused => "FusedMbConv",
            Operator::MbConv => "MbConv",
        };
        Self {
            span,
            field: format_ident!("block_{}", block.index, span = span),
            kind: Ident::new(kind, at(spans.operator.span)),
            block,
        }
    }
}

fn fields(model: &Model, blocks: &[TypedBlock]) -> TokenStream {
    let Model { spec, runtime, .. } = model;
    let [image, stem, last, features] =
        [spec.settings.in_channels, spec.stem_channels(), spec.last_channels(), spec.settings.num_features].map(whole);
    let blocks = blocks.iter().map(|TypedBlock { block, span, field, kind }| {
        let Block { in_channels, expanded, squeezed, out_channels, kernel, stride, .. } = *block;
        let sizes = [in_channels, expanded, squeezed, out_channels, kernel, stride].map(|size| {
            let mut size = whole(size);
            size.set_span(*span);
            size
        });
        quote!(#field: #runtime::__private::#kind<#(#sizes),*>,)
    });
    quote! {
        stem: #runtime::__private::Stem<#image, #stem>,
        #(#blocks)*
        head: #runtime::__private::Head<#last, #features>,
    }
}

fn new(blocks: &[TypedBlock]) -> TokenStream {
    let fields = blocks.iter().map(|block| &block.field);
    let kinds = blocks.iter().map(|block| &block.kind);
    quote! {
        let mut builder = __private::Builder::new(&Self::SPEC, num_classes, vb)?;
        __private::Ok(Self {
            stem: __private::Stem::new(&mut builder)?,
            #(#fields: __private::#kinds::new(&mut builder)?,)*
            head: __private::Head::new(&mut builder)?,
            core: builder.finish()?,
        })
    }
}

fn run(names: &Names) -> TokenStream {
    let (first, rest) = names.stages.split_at(1);
    quote! {
        self.head.run(&self.stem, #(self.#first())*#(.join(self.#rest()))*, images, pass)
    }
}

fn features(names: &Names) -> TokenStream {
    let Names { features, stages, .. } = names;
    let stem = [format_ident!("stem")];
    let inputs = stem.iter().chain(stages);
    quote! {
        let stem = self.stem.forward(images, pass)?;
        #(let #stages = self.#stages().forward(&#inputs, pass)?;)*
        __private::Ok(#features { stem, #(#stages),* })
    }
}

fn stage_functions(model: &Model, names: &Names, blocks: &[TypedBlock]) -> TokenStream {
    let stages = blocks.chunk_by(|one, next| one.block.stage == next.block.stage);
    let functions = names.stages.iter().zip(model.spec.rows()).zip(stages).map(|((stage, row), blocks)| {
        let [in_channels, out_channels] = [row.in_channels, row.out_channels].map(whole);
        let (first, rest) = blocks.split_at(1);
        let (first, rest) = (first.iter().map(|block| &block.field), rest.iter().map(|block| &block.field));
        quote! {
            fn #stage(&self) -> __private::Blocks<'_, #in_channels, #out_channels> {
                #(__private::Blocks::new(&self.#first))*#(.then(&self.#rest))*
            }
        }
    });
    functions.collect()
}
