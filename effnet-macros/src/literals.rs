//! Values of a spec as tokens.

use std::fmt::Debug;

use effnet_spec::{Row, Settings, Spec};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// A whole number without a suffix.
pub(crate) fn whole(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

/// A number with a point. A stub's may be negative, and a negative literal is two tokens.
pub(crate) fn real(value: f64) -> TokenStream {
    let sign = value.is_sign_negative().then(|| quote!(-));
    let magnitude = Literal::f64_unsuffixed(value.abs());
    quote!(#sign #magnitude)
}

/// A spec, in a scope where `private` names the runtime's private module.
pub(crate) fn spec(spec: &Spec, private: &TokenStream) -> TokenStream {
    let name = &*spec.name;
    let rows = spec.rows().iter().map(|row| self::row(row, private));
    let settings = settings(&spec.settings, private);
    quote! {
        #private::Spec {
            name: #private::Cow::Borrowed(#name),
            rows: #private::Cow::Borrowed(&[#(#rows),*]),
            settings: #settings,
        }
    }
}

fn row(row: &Row, private: &TokenStream) -> TokenStream {
    let Row { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = *row;
    let whole = [repeats, kernel, stride, expansion, in_channels, out_channels].map(whole);
    let (operator, se_ratio) = (member(operator), real(se_ratio));
    quote!(#private::Row::new(#(#whole),*, #private::Operator::#operator, #se_ratio))
}

/// The identifier of an enum's member without fields, which is what `Debug` prints.
fn member(value: impl Debug) -> Ident {
    Ident::new(&format!("{value:?}"), Span::call_site())
}

fn settings(settings: &Settings, private: &TokenStream) -> TokenStream {
    let Settings { dropout, drop_path, bn_eps, bn_momentum, .. } = *settings;
    let [dropout, drop_path, bn_eps, bn_momentum] = [dropout, drop_path, bn_eps, bn_momentum].map(real);
    let (in_channels, num_features) = (whole(settings.in_channels), whole(settings.num_features));
    let (padding, activation) = (member(settings.padding), member(settings.activation));
    let [train_size, eval_size] = [settings.train_size, settings.eval_size].map(|size| match size.map(whole) {
        Some(size) => quote!(#private::Option::Some(#size)),
        None => quote!(#private::Option::None),
    });
    let [mean, std] = [&settings.mean, &settings.std].map(|values| values.iter().copied().map(real));
    quote! {
        #private::Settings {
            in_channels: #in_channels,
            num_features: #num_features,
            dropout: #dropout,
            drop_path: #drop_path,
            bn_eps: #bn_eps,
            bn_momentum: #bn_momentum,
            padding: #private::Padding::#padding,
            activation: #private::Activation::#activation,
            train_size: #train_size,
            eval_size: #eval_size,
            mean: #private::Cow::Borrowed(&[#(#mean),*]),
            std: #private::Cow::Borrowed(&[#(#std),*]),
        }
    }
}
