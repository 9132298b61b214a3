//! A valid model to Rust. Nothing can go wrong here.
//!
//! Above each function stands what it writes for two stages, `[2, 3, 1, 1, 8, 8, fused, 0]` and
//! `"r1_k5_s2_e4_i8_o16_se0.25"`; `output_tests/tiny.expected.rs` has all of it.

use effnet_spec::Block;
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
        functions: stage_functions(&names, &blocks),
    };
    shape::assemble(input, &names, spec, runtime, &parts)
}

/// A block as a field of the model.
struct TypedBlock {
    block: Block,
    /// Place of its row.
    span: Span,
    field: Ident,
    /// `FusedMbConv` or `MbConv`, at the operator's cell.
    kind: Ident,
}

impl TypedBlock {
    fn new(block: Block, model: &Model) -> Self {
        // Errors and an editor's jumps lead to the table; names mean what they mean to generated code.
        let at = |span: Span| span.resolved_at(Span::call_site());
        let spans = &model.rows[block.row];
        let span = at(spans.row.span);
        Self {
            span,
            field: format_ident!("block_{}", block.index, span = span),
            kind: Ident::new(block.operator.block_type().rust_type, at(spans.operator.span)),
            block,
        }
    }
}

/// ```text
/// stem: ::effnet_runtime::__private::Stem<3, 8>,
/// block_0: ::effnet_runtime::__private::FusedMbConv<8, 8, 0, 8, 3, 1>,
/// block_1: ::effnet_runtime::__private::FusedMbConv<8, 8, 0, 8, 3, 1>,
/// block_2: ::effnet_runtime::__private::MbConv<8, 32, 2, 16, 5, 2>,
/// head: ::effnet_runtime::__private::Head<16, 32>,
/// ```
fn fields(model: &Model, blocks: &[TypedBlock]) -> TokenStream {
    let Model { spec, runtime, .. } = model;
    let [image, stem, last, features] =
        [spec.settings.in_channels, spec.stem_channels(), spec.last_channels(), spec.num_features()].map(whole);
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

/// ```text
/// let mut builder = __private::Builder::new(&Self::SPEC, num_classes, vb)?;
/// __private::Ok(Self {
///     stem: __private::Stem::new(&mut builder)?,
///     block_0: __private::FusedMbConv::new(&mut builder)?,
///     block_1: __private::FusedMbConv::new(&mut builder)?,
///     block_2: __private::MbConv::new(&mut builder)?,
///     head: __private::Head::new(&mut builder)?,
///     core: builder.finish()?,
/// })
/// ```
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

/// ```text
/// self.stem.then(self.stage_1()).then(self.stage_2()).logits(&self.head, images, pass)
/// ```
fn run(names: &Names) -> TokenStream {
    let stages = &names.stages;
    quote!(self.stem #(.then(self.#stages()))* .logits(&self.head, images, pass))
}

/// ```text
/// let stem = self.stem.forward(images, pass)?;
/// let stage_1 = self.stage_1().forward(&stem, pass)?;
/// let stage_2 = self.stage_2().forward(&stage_1, pass)?;
/// __private::Ok(TinyFeatures { stem, stage_1, stage_2 })
/// ```
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

/// ```text
/// fn stage_1(&self) -> __private::Blocks<'_, 8, 8> {
///     __private::Blocks::new(&self.block_0).then(&self.block_1)
/// }
/// fn stage_2(&self) -> __private::Blocks<'_, 8, 16> {
///     __private::Blocks::new(&self.block_2)
/// }
/// ```
fn stage_functions(names: &Names, blocks: &[TypedBlock]) -> TokenStream {
    let stages = blocks.chunk_by(|one, next| one.block.stage == next.block.stage);
    let functions = names.stages.iter().zip(stages).map(|(stage, blocks)| {
        let (first, last) = (&blocks[0].block, &blocks[blocks.len() - 1].block);
        let [in_channels, out_channels] = [first.in_channels, last.out_channels].map(whole);
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
