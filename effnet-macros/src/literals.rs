//! Values of a spec as tokens.

use std::fmt::Debug;

use effnet_spec::{Expansion, Row, Settings, Spec, Squeeze};
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
    let Row { repeats, kernel, stride, in_channels, out_channels, operator, .. } = *row;
    let (ratio, expanded) = match row.expansion {
        Expansion::Ratio(ratio) => (ratio, None),
        Expansion::Channels(channels) => (1, Some(whole(channels))),
    };
    let (se_ratio, squeezed) = match row.squeeze {
        Squeeze::Ratio(ratio) => (ratio, None),
        Squeeze::Channels(channels) => (0.0, Some(whole(channels))),
    };
    let plain = Row::new(repeats, kernel, stride, ratio, in_channels, out_channels, operator, se_ratio);
    let mut options = Vec::new();
    options.extend(expanded.map(|channels| quote!(expansion: #private::Expansion::Channels(#channels))));
    options.extend(squeezed.map(|channels| quote!(squeeze: #private::Squeeze::Channels(#channels))));
    for (name, value, default) in [
        (quote!(shortcut), row.shortcut, plain.shortcut),
        (quote!(expand_conv), row.expand_conv, plain.expand_conv),
        (quote!(project_activation), row.project_activation, plain.project_activation),
        (quote!(same_stage), row.same_stage, plain.same_stage),
    ] {
        options.extend((value != default).then(|| quote!(#name: #value)));
    }
    options.extend(row.activation.map(|activation| {
        let activation = member(activation);
        quote!(activation: #private::Option::Some(#private::Activation::#activation))
    }));
    let cells = [repeats, kernel, stride, ratio, in_channels, out_channels].map(whole);
    let (operator, se_ratio) = (member(operator), real(se_ratio));
    let plain = quote!(#private::Row::new(#(#cells),*, #private::Operator::#operator, #se_ratio));
    match options.as_slice() {
        [] => plain,
        options => quote!(#private::Row { #(#options,)* ..#plain }),
    }
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
    let (head, gate, se_of) = (member(settings.head), member(settings.se_gate), member(settings.se_of));
    let (head_bias, stem_kernel) = (settings.head_bias, whole(settings.stem_kernel));
    let se_activation = match settings.se_activation.map(member) {
        Some(activation) => quote!(#private::Option::Some(#private::Activation::#activation)),
        None => quote!(#private::Option::None),
    };
    let [train_size, eval_size] = [settings.train_size, settings.eval_size].map(|size| match size.map(whole) {
        Some(size) => quote!(#private::Option::Some(#size)),
        None => quote!(#private::Option::None),
    });
    let [mean, std] = [&settings.mean, &settings.std].map(|values| values.iter().copied().map(real));
    quote! {
        #private::Settings {
            in_channels: #in_channels,
            num_features: #num_features,
            head: #private::HeadKind::#head,
            head_bias: #head_bias,
            stem_kernel: #stem_kernel,
            dropout: #dropout,
            drop_path: #drop_path,
            bn_eps: #bn_eps,
            bn_momentum: #bn_momentum,
            padding: #private::Padding::#padding,
            activation: #private::Activation::#activation,
            se_gate: #private::Gate::#gate,
            se_activation: #se_activation,
            se_of: #private::SeOf::#se_of,
            train_size: #train_size,
            eval_size: #eval_size,
            mean: #private::Cow::Borrowed(&[#(#mean),*]),
            std: #private::Cow::Borrowed(&[#(#std),*]),
        }
    }
}
