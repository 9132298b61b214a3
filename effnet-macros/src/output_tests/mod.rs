//! The macro's output, as tokens. Tests where it is used show that it compiles and works.

mod words;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;

use crate::output;

/// Set to anything, it rewrites the expected expansion instead of comparing with it.
const BLESS: &str = "EFFNET_BLESS";

fn expansion(input: &str) -> TokenStream {
    output(input.parse().expect("tokens"))
}

/// Compares an expansion with `output_tests/{name}.expected.rs`.
fn check(name: &str, input: &str) {
    compare(name, &syn::parse2(expansion(input)).expect("items"));
}

/// Compares items with `output_tests/{name}.expected.rs`.
fn compare(name: &str, items: &syn::File) {
    let pretty = prettyplease::unparse(items);
    let path = format!("{}/src/output_tests/{name}.expected.rs", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, &pretty).expect("the expected expansion is writable");
    }
    let expected = std::fs::read_to_string(&path).expect("the expected expansion is there");
    assert!(pretty == expected, "the expansion changed; look at it, and set {BLESS} to accept it:\n{pretty}");
}

#[test]
fn a_tiny_model_expands_as_expected() {
    check(
        "tiny",
        "/// Two stages.
        #[derive(Debug)]
        pub(crate) struct Tiny <
            [2, 3, 1, 1, 8, 8, fused, 0],
            \"r1_k5_s2_e4_i8_o16_se0.25\",
        > { num_features: 32, drop_path: 0.1, eval_size: 32, crate: ::effnet_runtime }",
    );
}

#[test]
fn the_shorthand_expands_as_expected() {
    check("shorthand", "<[1, 3, 1, 1, 8, 8, fused, 0]> { crate: ::effnet_runtime }");
}

/// The table's numbers are those before scaling; the expansion has those after it.
#[test]
fn a_scaled_table_expands_as_expected() {
    check(
        "scaled",
        "struct Scaled <
            [1, 3, 1, 1, 32, 16, fused, 0],
            [2, 3, 2, 6, 16, 32, mbconv, 0.25],
        > { num_features: 64, width: 1.2, depth: 1.4, crate: ::effnet_runtime }",
    );
}

/// A block without squeeze-and-excitation squeezes to 0 channels.
#[test]
fn a_table_without_squeeze_and_excitation_expands_as_expected() {
    check(
        "no_se",
        "struct NoSe <
            [1, 3, 1, 1, 8, 8, mbconv, 0],
            [1, 5, 2, 4, 8, 12, mbconv, 0],
        > { stem: 8, num_features: 16, activation: relu6, padding: same, crate: ::effnet_runtime }",
    );
}

/// EfficientNetV2-XL's table (google/automl, `effnetv2_configs.py`): 100 blocks.
const XL: &str = "pub struct XL <
    [ 4, 3, 1, 1,  32,  32, fused,  0],
    [ 8, 3, 2, 4,  32,  64, fused,  0],
    [ 8, 3, 2, 4,  64,  96, fused,  0],
    [16, 3, 2, 4,  96, 192, mbconv, 0.25],
    [24, 3, 1, 6, 192, 256, mbconv, 0.25],
    [32, 3, 2, 6, 256, 512, mbconv, 0.25],
    [ 8, 3, 1, 6, 512, 640, mbconv, 0.25],
> { crate: ::effnet_runtime }";

/// Without what documents it, which nobody compiles.
#[test]
fn xl_expands_to_at_most_32_kilobytes() {
    let size = size_of(expansion(XL));
    assert!(size <= 32_000, "XL expands to {size} bytes of tokens");
}

fn size_of(expansion: TokenStream) -> usize {
    // Parsed, documentation is one attribute, whatever it was written as.
    let file: syn::File = syn::parse2(expansion).expect("items");
    without_docs(file.to_token_stream()).to_string().len()
}

fn without_docs(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if group.to_string().starts_with("[doc =") => {
                kept.pop();
            }
            TokenTree::Group(group) => {
                kept.push(Group::new(group.delimiter(), without_docs(group.stream())).into());
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

#[test]
fn expansions_grow_with_rows_and_hardly_with_repeats() {
    let size = |rows: usize, repeats: usize| {
        let row = format!("[{repeats}, 3, 1, 4, 24, 24, mbconv, 0.25],");
        size_of(expansion(&format!("struct A <{}> {{ drop_path: 0, crate: ::effnet_runtime }}", row.repeat(rows))))
    };
    // A block's drop-path rate, and a digit of a number here and there.
    assert!(size(1, 900) - size(1, 100) <= 800 * "0.0 , ".len() + 10);
    let [first, second] = [size(200, 2) - size(100, 2), size(400, 2) - size(300, 2)];
    assert!(second <= first + first / 100, "100 rows cost {first} bytes, 100 more {second}");
    assert!(first / 100 <= 800, "a row costs {} bytes", first / 100);
}

#[test]
fn the_shorthand_makes_a_public_struct() {
    let short = expansion("<[1, 3, 1, 1, 8, 8, fused, 0]> { crate: a::b }").to_string();
    let long = expansion("pub struct EfficientNetV2 <[1, 3, 1, 1, 8, 8, fused, 0]> { crate: a::b }").to_string();
    assert_eq!(short, long);
}

#[test]
fn both_forms_of_a_row_expand_alike() {
    let cells = expansion("struct A <[6, 3, 2, 4, 64, 128, mbconv, 0.25]> { crate: a }").to_string();
    let number = expansion("struct A <[6, 3, 2, 4, 64, 128, 1, 0.25]> { crate: a }").to_string();
    let string = expansion("struct A <\"r6_k3_s2_e4_i64_o128_se0.25\"> { crate: a }").to_string();
    assert_eq!(cells, number);
    assert_eq!(cells, string);
}

#[test]
fn a_stub_has_the_items_of_a_model() {
    let items = |table: &str| {
        let file: syn::File = syn::parse2(expansion(table)).expect("items");
        let mut names = Vec::new();
        for item in file.items {
            match item {
                syn::Item::Struct(item) => names.push(item.ident.to_string()),
                syn::Item::Const(constant) => {
                    let syn::Expr::Block(block) = *constant.expr else { panic!("a block") };
                    for statement in block.block.stmts {
                        if let syn::Stmt::Item(syn::Item::Impl(item)) = statement {
                            names.extend(item.items.iter().filter_map(impl_item_name));
                        }
                    }
                }
                _ => {}
            }
        }
        names
    };
    let model = items("pub struct A <[1, 3, 1, 1, 8, 8, fused, 0]> { crate: a }");
    let stub = items("pub struct A <[1, 4, 1, 1, 8, 8, fused, 0]> { crate: a }");
    assert_eq!(model, stub);
    assert!(model.iter().any(|name| name == "DROP_PATH"), "{model:?}");
}

fn impl_item_name(item: &syn::ImplItem) -> Option<String> {
    match item {
        syn::ImplItem::Const(item) => Some(item.ident.to_string()),
        syn::ImplItem::Fn(item) => Some(item.sig.ident.to_string()),
        _ => None,
    }
}

/// The manifest of this crate, in which the test runs, has no runtime.
#[test]
fn a_stub_without_the_runtime_has_the_constants() {
    let tokens = expansion("#[cfg(all())] pub struct A <[3, 3, 1, 1, 8, 8, fused, 0]>;").to_string();
    assert_eq!(tokens.matches("compile_error !").count(), 1, "{tokens}");
    for expected in
        ["pub struct A ;", "pub const PARAMS : usize", "pub const DROP_PATH : [f64 ; 3]", "pub const fn params"]
    {
        assert!(tokens.contains(expected), "{expected} is not in {tokens}");
    }
    assert_eq!(tokens.matches("cfg (all ())").count(), 2, "{tokens}");
}

#[test]
fn derives_are_refused_by_any_path_of_the_standard_library() {
    let errors = |derives: &str| {
        let tokens =
            expansion(&format!("{derives} struct A <[1, 3, 1, 1, 8, 8, fused, 0]> {{ crate: a }}")).to_string();
        (tokens.matches("compile_error !").count(), tokens)
    };
    for derives in [
        "#[derive(Default)]",
        "#[derive(std::default::Default,)]",
        "#[derive(::core::marker::Copy)]",
        "#[derive(core::hash::Hash)]",
    ] {
        let (count, tokens) = errors(derives);
        assert_eq!(count, 1, "{derives}");
        assert!(!tokens.contains("derive () "), "{tokens}");
    }
    let (count, tokens) = errors("#[derive(Clone, PartialEq)] #[derive(Debug, my::Default, Eq)]");
    assert_eq!(count, 2);
    assert!(tokens.contains("derive (Clone)") && tokens.contains("derive (Debug , my :: Default)"), "{tokens}");
}

#[test]
fn what_only_rustdoc_reads_is_no_documentation() {
    let intro = |attr: &str| {
        let tokens = expansion(&format!("{attr} struct A <[1, 3, 1, 1, 8, 8, fused, 0]> {{ crate: a }}")).to_string();
        tokens.contains("An image classifier")
    };
    assert!(intro("") && intro("#[doc(alias = \"b\")]") && intro("#[doc(hidden)]"));
    assert!(!intro("#[doc = \"Words.\"]") && !intro("/// Words.\n"));
}
