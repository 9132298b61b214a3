//! What each word of a table does to the expansion: to the fields of the struct, and to the `SPEC`.

use quote::ToTokens;

use super::{compare, expansion};

/// Words, each with a table that has it: rows and settings.
const WORDS: [(&str, &str, &str); 22] = [
    ("noskip", "\"r2_k3_s1_e4_i8_o8_se0.25_noskip\"", ""),
    ("shortcut", "[2, 3, 1, 4, 8, 8, mbconv, 0.25, { shortcut: false }]", ""),
    ("expanded", "[2, 3, 1, _, 8, 12, fused, 0, { expanded: 40 }]", ""),
    ("squeezed", "[2, 3, 1, 4, 8, 12, mbconv, _, { squeezed: 5 }]", ""),
    ("expand_conv", "[2, 3, 1, 1, 8, 8, mbconv, 0, { expand_conv: true }]", ""),
    ("activation", "[2, 3, 1, 4, 8, 8, mbconv, 0, { activation: hard_swish }]", ""),
    ("project_activation", "[2, 3, 1, 4, 8, 8, mbconv, 0, { project_activation: true }]", ""),
    ("same_stage", "[1, 3, 1, 4, 8, 8, fused, 0], [2, 3, 2, 4, 8, 16, mbconv, 0, { same_stage: true }]", ""),
    ("conv", "[1, 1, 1, 1, 8, 16, conv, 0], [2, 3, 1, 1, 16, 16, conv, 0, { shortcut: true }]", ""),
    ("scale_v1", "[1, 3, 1, 1, 16, 16, mbconv, 0]", "scale: v1, width: 1.2"),
    (
        "scale_lite",
        "[1, 3, 1, 1, 16, 16, mbconv, 0], [1, 3, 1, 1, 16, 16, mbconv, 0]",
        "scale: lite, width: 2, depth: 2",
    ),
    ("depth_rounding", "[1, 3, 1, 1, 16, 16, mbconv, 0]", "depth: 2.4, depth_rounding: nearest"),
    ("min_features", "[1, 3, 1, 1, 16, 16, mbconv, 0]", "width: 0.5, min_features: 1280"),
    ("fixed_features", "[1, 3, 1, 1, 16, 16, mbconv, 0]", "width: 2, fixed_features: true"),
    ("head_pooled", "[1, 3, 1, 1, 8, 8, mbconv, 0]", "head: pooled"),
    ("head_bias", "[1, 3, 1, 1, 8, 8, mbconv, 0]", "head: pooled, head_bias: false"),
    ("head_none", "[1, 3, 1, 1, 8, 8, mbconv, 0]", "head: none"),
    ("se_gate", "[1, 3, 1, 1, 8, 8, mbconv, 0.25]", "se_gate: hard_sigmoid"),
    ("se_activation", "[1, 3, 1, 1, 8, 8, mbconv, 0.25]", "se_activation: relu"),
    ("se_of", "[2, 3, 1, 3, 8, 24, mbconv, 0.25]", "se_of: expanded"),
    ("stem_kernel", "[1, 3, 1, 1, 8, 8, mbconv, 0]", "stem_kernel: 7"),
    ("stem", "[1, 3, 1, 1, 8, 8, mbconv, 0]", "stem: 8"),
];

#[test]
fn each_word_expands_as_expected() {
    for (word, rows, settings) in WORDS {
        let comma = if settings.is_empty() { "" } else { ", " };
        let input = format!("struct Word < {rows} > {{ {settings}{comma}crate: ::effnet_runtime }}");
        let file: syn::File = syn::parse2(expansion(&input)).expect("items");
        let mut kept = Vec::new();
        for item in file.items {
            match item {
                syn::Item::Struct(mut item) if item.ident == "Word" => {
                    item.attrs.clear();
                    kept.push(syn::Item::Struct(item));
                }
                syn::Item::Const(constant) => kept.extend(spec_of(&constant)),
                _ => {}
            }
        }
        assert_eq!(kept.len(), 2, "{word}: a struct, and its `SPEC`");
        compare(&format!("words/{word}"), &syn::File { shebang: None, attrs: Vec::new(), items: kept });
    }
}

/// The `SPEC` among the model's items, by itself.
fn spec_of(constant: &syn::ItemConst) -> Option<syn::Item> {
    let syn::Expr::Block(block) = &*constant.expr else { return None };
    let items = block.block.stmts.iter().filter_map(|statement| match statement {
        syn::Stmt::Item(syn::Item::Impl(item)) if item.trait_.is_none() => Some(&item.items),
        _ => None,
    });
    let spec = items.flatten().find_map(|item| match item {
        syn::ImplItem::Const(item) if item.ident == "SPEC" => Some(item),
        _ => None,
    })?;
    let (ty, expr) = (&spec.ty, &spec.expr);
    let tokens = quote::quote!(const SPEC: #ty = #expr;);
    syn::parse2(tokens.to_token_stream()).ok()
}
