//! A valid model to Rust. Nothing can go wrong here.
//!
//! Above each function stands what it writes for two stages, `[2, 3, 1, 1, 8, 8, fused, 0]` and
//! `"r1_k5_s2_e4_i8_o16_se0.25"`; `output_tests/tiny.expected.rs` has all of it.

use effnet_spec::Block;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::docs;
use crate::literals::{real, whole};
use crate::shape::{self, Names, Parts, at};
use crate::valid::Model;

/// The model's items.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let Model { input, spec, runtime, .. } = model;
    let names = Names::new(input, spec);
    let blocks: Vec<Block> = spec.blocks().collect();
    let rates = blocks.iter().map(|block| real(block.drop_path));
    let parts = Parts {
        docs: docs::model(&input.attrs, spec),
        fields: fields(model, &names, &blocks),
        body_params: spec.params(0) as usize,
        drop_path: (blocks.len(), quote!([#(#rates),*])),
        new: new(&names),
        run: run(&names, "logits"),
        embeddings: run(&names, "embeddings"),
        features: features(&names),
    };
    shape::assemble(input, &names, spec, runtime, &parts)
}

/// ```text
/// stem: ::effnet_runtime::__private::Stem<3, 8>,
/// stage_1: ::effnet_runtime::__private::Stage<[::effnet_runtime::__private::FusedMbConv<8, 8, 0, 8, 3, 1>; 2]>,
/// stage_2: ::effnet_runtime::__private::Stage<::effnet_runtime::__private::MbConv<8, 32, 2, 16, 5, 2>>,
/// head: ::effnet_runtime::__private::Head<16, 32>,
/// ```
fn fields(model: &Model, names: &Names, blocks: &[Block]) -> TokenStream {
    let Model { spec, runtime, .. } = model;
    let private = shape::private(runtime);
    let [image, stem, last, features] =
        [spec.settings.in_channels, spec.stem_channels(), spec.last_channels(), spec.num_features()].map(whole);
    let stages = blocks.chunk_by(|one, next| one.stage == next.stage).zip(&names.stages).map(|(blocks, stage)| {
        let runs: Vec<TokenStream> = blocks.chunk_by(are_equal).map(|run| run_type(model, run)).collect();
        let stage_type = joined(&runs);
        quote_spanned!(row_of(model, &blocks[0])=> #stage: #private::Stage<#stage_type>,)
    });
    quote_spanned! {names.span=>
        stem: #private::Stem<#image, #stem>,
        #(#stages)*
        head: #private::Head<#last, #features>,
    }
}

/// Place of a block's row.
fn row_of(model: &Model, block: &Block) -> Span {
    at(model.rows[block.row].row.span)
}

/// Whether two blocks have the same type, and errors about both stand at the same row.
fn are_equal(one: &Block, next: &Block) -> bool {
    (one.row, one.operator, sizes(one)) == (next.row, next.operator, sizes(next))
}

/// A block's sizes in the order of its type's parameters.
fn sizes(block: &Block) -> [usize; 6] {
    let Block { in_channels, expanded, squeezed, out_channels, kernel, stride, .. } = *block;
    [in_channels, expanded, squeezed, out_channels, kernel, stride]
}

/// The type of equal blocks: that of a block, or an array of it.
fn run_type(model: &Model, run: &[Block]) -> TokenStream {
    let (block, span) = (&run[0], row_of(model, &run[0]));
    let private = shape::private(&model.runtime);
    let kind = Ident::new(block.operator.block_type().rust_type, at(model.rows[block.row].operator.span));
    let sizes = sizes(block).map(|size| {
        let mut size = whole(size);
        size.set_span(span);
        size
    });
    let block = quote_spanned!(span=> #private::#kind<#(#sizes),*>);
    match run.len() {
        1 => block,
        repeats => {
            let repeats = whole(repeats);
            quote_spanned!(span=> [#block; #repeats])
        }
    }
}

/// Several types or patterns as one: pairs of pairs, as flat as they can be, because rustc bounds the depth of both.
fn joined(parts: &[TokenStream]) -> TokenStream {
    if let [part] = parts {
        return part.clone();
    }
    let (front, back) = parts.split_at(parts.len() / 2);
    let (front, back) = (joined(front), joined(back));
    quote!((#front, #back))
}

/// ```text
/// let mut builder = __private::Builder::new(&<Self as __private::Model>::SPEC, num_classes, vb)?;
/// let ((stem, stage_1), (stage_2, head)) = __private::Layers::take(&mut builder)?;
/// __private::Ok(Self { stem, stage_1, stage_2, head, core: builder.finish()? })
/// ```
fn new(names: &Names) -> TokenStream {
    let Names { span, stages, .. } = names;
    let ends = ["stem", "head"].map(|name| Ident::new(name, *span));
    let layers: Vec<TokenStream> =
        ends[..1].iter().chain(stages).chain(&ends[1..]).map(ToTokens::to_token_stream).collect();
    let pairs = joined(&layers);
    quote_spanned! {*span=>
        let mut builder = __private::Builder::new(&<Self as __private::Model>::SPEC, num_classes, vb)?;
        let #pairs = __private::Layers::take(&mut builder)?;
        __private::Ok(Self { #(#layers,)* core: builder.finish()? })
    }
}

/// ```text
/// self.stem.then(&self.stage_1).then(&self.stage_2).logits(&self.head, images, pass)
/// ```
fn run(names: &Names, to: &str) -> TokenStream {
    let Names { span, stages, .. } = names;
    let to = Ident::new(to, *span);
    quote_spanned!(*span=> self.stem #(.then(&self.#stages))* .#to(&self.head, images, pass))
}

/// ```text
/// let stem = self.stem.forward(images, pass)?;
/// let stage_1 = self.stage_1.forward(&stem, pass)?;
/// let stage_2 = self.stage_2.forward(&stage_1, pass)?;
/// __private::Ok(TinyFeatures { stem, stage_1, stage_2 })
/// ```
fn features(names: &Names) -> TokenStream {
    let Names { span, features, stages, .. } = names;
    let stem = [Ident::new("stem", *span)];
    let inputs = stem.iter().chain(stages);
    quote_spanned! {*span=>
        let stem = self.stem.forward(images, pass)?;
        #(let #stages = self.#stages.forward(&#inputs, pass)?;)*
        __private::Ok(#features { stem, #(#stages),* })
    }
}
