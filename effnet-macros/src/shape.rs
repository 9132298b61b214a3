//! The form that a model and its stub share: code that compiles against one compiles against the other.

use effnet_spec::Spec;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::token::Paren;
use syn::{Attribute, Visibility};

use crate::docs;
use crate::input::Input;
use crate::literals::{self, whole};

/// Names of a model's parts.
#[derive(Debug)]
pub(crate) struct Names {
    /// Place of the model's name. What generated code is blamed for is marked there, and not in the whole call.
    pub(crate) span: Span,
    /// `Name`
    pub(crate) model: Ident,
    /// `NameFeatures`
    pub(crate) features: Ident,
    /// `stage_1`, …
    pub(crate) stages: Vec<Ident>,
}

impl Names {
    pub(crate) fn new(input: &Input, spec: &Spec) -> Self {
        let span = at(input.ident.span());
        Self {
            span,
            model: input.ident.clone(),
            features: format_ident!("{}Features", input.ident),
            stages: (1..=spec.stages().count()).map(|stage| format_ident!("stage_{stage}", span = span)).collect(),
        }
    }
}

/// A place in the user's code, for tokens whose names mean what they mean to generated code: errors and an editor's
/// jumps lead there.
pub(crate) fn at(place: Span) -> Span {
    place.resolved_at(Span::call_site())
}

/// A visibility at its place, whose own tokens are the expansion's. rustc warns of unused items that begin with a token of
/// a `macro_rules!`, as of the user's own; what stands in the parentheses means what it means there.
fn generated(vis: &Visibility) -> Visibility {
    let mut vis = vis.clone();
    match &mut vis {
        Visibility::Inherited => {}
        Visibility::Public(public) => public.span = at(public.span),
        Visibility::Restricted(restricted) => {
            restricted.pub_token.span = at(restricted.pub_token.span);
            restricted.paren_token = Paren(at(restricted.paren_token.span.join()));
        }
    }
    vis
}

/// The runtime's private module, at the place of the runtime's own path: an error that it is not there stands at
/// that.
pub(crate) fn private(runtime: &TokenStream) -> TokenStream {
    quote_spanned!(place_of(runtime)=> #runtime::__private)
}

fn place_of(runtime: &TokenStream) -> Span {
    at(runtime.clone().into_iter().last().map_or_else(Span::call_site, |token| token.span()))
}

/// The parts in which a model differs from its stub. Inside functions, `__private` is the runtime's private module.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Documentation behind the user's own.
    pub(crate) docs: String,
    /// Fields besides `core`.
    pub(crate) fields: TokenStream,
    /// Parameters without the classifier.
    pub(crate) body_params: usize,
    /// The number of blocks, and an array with the drop-path rate of each.
    pub(crate) drop_path: (usize, TokenStream),
    /// Body of `new(num_classes, vb)`.
    pub(crate) new: TokenStream,
    /// Body of `run(&self, images, pass)`.
    pub(crate) run: TokenStream,
    /// Body of `embeddings(&self, images, pass)`.
    pub(crate) embeddings: TokenStream,
    /// Body of `features(&self, images, pass)`.
    pub(crate) features: TokenStream,
}

/// The model's struct and that of its features at the call site, and the rest in an unnamed constant.
pub(crate) fn assemble(input: &Input, names: &Names, spec: &Spec, runtime: &TokenStream, parts: &Parts) -> TokenStream {
    let Input { attrs, refused, vis, struct_token, .. } = input;
    let Names { span, model, features, stages } = names;
    let Parts { docs, fields, .. } = parts;
    let private = private(runtime);
    let cfgs = conditions(attrs);
    let features_doc = format!("The feature maps that [`{model}`] puts out, one a stage.");
    let stem = whole(spec.stem_channels());
    let channels = spec.stages().map(|rows| whole(rows.last().map_or(0, |row| row.out_channels)));
    let map_docs = docs::feature_maps(spec);
    let (stem_docs, stage_docs) = (&map_docs[0], &map_docs[1..]);
    let inherent = inherent(&generated(vis), names, spec, parts);
    let traits = traits(names, spec, parts);
    let stubs = refused.stubs(model);
    let mut fields = Group::new(Delimiter::Brace, quote_spanned!(*span=> #fields core: #private::Core,));
    // With the user's token at either end, the struct is the user's own to rustc, which warns where it is in no use.
    fields.set_span(model.span());
    let import = quote_spanned!(place_of(runtime)=> use #private as __private;);
    quote_spanned! {*span=>
        #(#attrs)*
        #[doc = #docs]
        #vis #struct_token #model #fields

        #cfgs
        #[doc = #features_doc]
        #[derive(#private::Clone, #private::Debug)]
        #[allow(dead_code, unreachable_pub)]
        #vis #struct_token #features {
            #[doc = #stem_docs]
            #vis stem: #private::FeatureMap<#stem>,
            #(
                #[doc = #stage_docs]
                #vis #stages: #private::FeatureMap<#channels>,
            )*
        }

        #cfgs
        #[allow(deprecated)]
        const _: () = {
            #import
            #inherent
            #traits
            #stubs
        };
    }
}

/// The model's `#[cfg]`s: items that are generated beside it must come and go with it.
pub(crate) fn conditions(attrs: &[Attribute]) -> TokenStream {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).map(ToTokens::to_token_stream).collect()
}

fn inherent(vis: &Visibility, names: &Names, spec: &Spec, parts: &Parts) -> TokenStream {
    let Names { span, model, features, .. } = names;
    let features_body = &parts.features;
    let per_class = spec.num_features().saturating_add(1);
    let params = whole(parts.body_params.saturating_add(per_class.saturating_mul(1_000)));
    let [body_params, per_class] = [parts.body_params, per_class].map(whole);
    let blocks = whole(parts.drop_path.0);
    let drop_path = &parts.drop_path.1;
    quote_spanned! {*span=>
        #[allow(unreachable_pub)]
        impl #model {
            /// Table and settings.
            #vis const SPEC: __private::Spec = <Self as __private::Model>::SPEC;

            /// Trainable parameters, with 1,000 classes.
            #vis const PARAMS: __private::usize = #params;

            /// The drop-path rate of each block, used where a block has a shortcut.
            #vis const DROP_PATH: [__private::f64; #blocks] = #drop_path;

            /// Trainable parameters, with `num_classes` classes.
            #[must_use]
            #vis const fn params(num_classes: __private::usize) -> __private::usize {
                #body_params + num_classes * #per_class
            }

            /// A model with `num_classes` classes, whose parameters are `vb`'s. With 0 it has no classifier.
            ///
            /// # Errors
            /// When `vb` lacks a parameter or has it in another shape.
            #vis fn new(
                num_classes: __private::usize,
                vb: __private::VarBuilder<'_>,
            ) -> __private::Result<Self> {
                <Self as __private::Model>::new(num_classes, vb)
            }

            /// Logits `[N, num_classes]` of images `[N, channels, H, W]`; without classes, their embeddings.
            ///
            /// # Errors
            /// When the images' shape does not fit, or candle fails.
            #vis fn run(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<__private::Tensor> {
                <Self as __private::Network>::run(self, images, pass)
            }

            /// Embeddings `[N, num_features]` of images `[N, channels, H, W]`: what the classifier reads.
            ///
            /// # Errors
            /// When the images' shape does not fit, or candle fails.
            #vis fn embeddings(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<__private::Tensor> {
                <Self as __private::Network>::embeddings(self, images, pass)
            }

            /// The feature maps that the stem and the stages put out, of images `[N, channels, H, W]`.
            ///
            /// # Errors
            /// When the images' shape does not fit, or candle fails.
            #vis fn features(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<#features> {
                #features_body
            }

            /// [`Self::features`] in the sense of candle's `forward_t`: with `train`, in a step of the model's own, with
            /// the table's drop path, whose batch statistics go to the running buffers at once.
            ///
            /// # Errors
            /// When the images' shape does not fit, or candle fails.
            #vis fn features_t(
                &self,
                images: &__private::Tensor,
                train: __private::bool,
            ) -> __private::Result<#features> {
                self.core.pass_t(images, train, |pass| self.features(images, pass))
            }

            /// The model borrowed for evaluation, as a candle `Module`.
            #[must_use]
            #vis fn eval(&self) -> __private::Eval<'_> {
                __private::Eval::new(self)
            }
        }
    }
}

fn traits(names: &Names, spec: &Spec, parts: &Parts) -> TokenStream {
    let Names { span, model, stages, .. } = names;
    let Parts { new, run, embeddings, .. } = parts;
    let spec_literal = literals::spec(spec, &quote!(__private));
    quote_spanned! {*span=>
        #[automatically_derived]
        impl __private::Network for #model {
            fn core(&self) -> &__private::Core {
                &self.core
            }

            fn run(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<__private::Tensor> {
                #run
            }

            fn embeddings(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<__private::Tensor> {
                #embeddings
            }

            fn stage_maps(
                &self,
                images: &__private::Tensor,
                pass: &__private::Pass<'_>,
            ) -> __private::Result<__private::Vec<__private::Tensor>> {
                let features = self.features(images, pass)?;
                __private::to_nchw(&[#(&features.#stages),*])
            }
        }

        #[automatically_derived]
        impl __private::Model for #model {
            const SPEC: __private::Spec = #spec_literal;

            fn new(
                num_classes: __private::usize,
                vb: __private::VarBuilder<'_>,
            ) -> __private::Result<Self> {
                #new
            }
        }

        #[automatically_derived]
        impl __private::ModuleT for #model {
            fn forward_t(
                &self,
                images: &__private::Tensor,
                train: __private::bool,
            ) -> __private::Result<__private::Tensor> {
                self.core.pass_t(images, train, |pass| __private::Network::run(self, images, pass))
            }
        }
    }
}
