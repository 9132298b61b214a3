//! Reads the modules of a crate from its files, and every path that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, ItemMod, ItemUse, Meta, UseTree};

/// Reads a file, or says that there is none.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// A path that a module names, in a `use` or in its code.
pub(crate) struct Mention {
    pub(crate) segments: Vec<String>,
    pub(crate) place: String,
}

/// A module, its `#[cfg(test)]` parts left out.
#[derive(Default)]
pub(crate) struct Module {
    /// The crate's name first.
    pub(crate) path: Vec<String>,
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    /// Names of what it defines, modules aside.
    pub(crate) items: BTreeSet<String>,
    /// What its imports call a path, private ones included: a child sees those too.
    pub(crate) imports: Vec<(String, Vec<String>)>,
    pub(crate) globs: Vec<Vec<String>>,
    pub(crate) mentions: Vec<Mention>,
    /// Single words of its code, of which those that a glob brings in are mentions.
    pub(crate) words: Vec<Mention>,
}

/// All modules of one crate; the root is the first.
pub(crate) struct Crate {
    pub(crate) modules: Vec<Module>,
    /// What `extern crate self as …` calls it.
    pub(crate) own_name: Option<String>,
}

impl Crate {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(name: &str, root: &Path, read: Read) -> Self {
        let mut read_so_far = Self { modules: Vec::new(), own_name: None };
        read_so_far.modules.push(Module { path: vec![name.to_owned()], ..Module::default() });
        Reader { read, into: &mut read_so_far }.file(0, root, folder_of(root));
        read_so_far
    }
}

struct Reader<'a> {
    read: Read<'a>,
    into: &'a mut Crate,
}

/// Where the code at hand lies: its module, its file, and the folder of the module's children.
struct Here<'a> {
    module: usize,
    file: &'a Path,
    children: &'a Path,
}

impl Reader<'_> {
    fn file(&mut self, module: usize, file: &Path, children: &Path) {
        let text = (self.read)(file).unwrap_or_else(|| panic!("{} should be a file", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.items(parsed.items, &Here { module, file, children });
    }

    fn items(&mut self, items: Vec<Item>, here: &Here) {
        for item in items {
            match item {
                Item::Mod(child) if !is_test(&child.attrs) => self.child(child, here),
                Item::Use(import) if !is_test(&import.attrs) => self.import(&import, here),
                Item::Mod(_) | Item::Use(_) => {}
                Item::ExternCrate(own) if own.ident == "self" => {
                    self.into.own_name = own.rename.map(|(_, name)| name.to_string());
                }
                item => {
                    self.into.modules[here.module].items.extend(defined(&item));
                    self.scan(item.into_token_stream(), here);
                }
            }
        }
    }

    fn child(&mut self, child: ItemMod, here: &Here) {
        let name = child.ident.to_string();
        let path = [&self.into.modules[here.module].path[..], std::slice::from_ref(&name)].concat();
        // A module that lies in one of two files, by a feature, is one module.
        let next = self.into.modules.len();
        let module = *self.into.modules[here.module].children.entry(name.clone()).or_insert(next);
        if module == next {
            self.into.modules.push(Module { path, parent: Some(here.module), ..Module::default() });
        }
        let below = here.children.join(&name);
        if let Some((_, items)) = child.content {
            self.items(items, &Here { module, file: here.file, children: &below });
            return;
        }
        let (flat, folder) = (here.children.join(format!("{name}.rs")), below.join("mod.rs"));
        let named = file_attribute(&child.attrs).map(|file| folder_of(here.file).join(file));
        let file = named.unwrap_or(if (self.read)(&flat).is_some() { flat } else { folder });
        self.file(module, &file, &below);
    }

    fn import(&mut self, import: &ItemUse, here: &Here) {
        let mut leaves = Vec::new();
        flatten(&import.tree, &mut Vec::new(), &mut leaves);
        let module = &mut self.into.modules[here.module];
        for (segments, name, span) in leaves {
            match name {
                Some(name) => module.imports.push((name, segments.clone())),
                None => module.globs.push(segments.clone()),
            }
            module.mentions.push(Mention { segments, place: place(here.file, span) });
        }
    }

    /// Finds paths in code by its tokens, and so inside the calls of macros too.
    fn scan(&mut self, tokens: TokenStream, here: &Here) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = &tokens[..];
        while let [first, behind @ ..] = rest {
            rest = behind;
            match first {
                TokenTree::Punct(hash) if hash.as_char() == '#' && tests_follow(behind) => rest = behind_item(behind),
                TokenTree::Ident(word) if word == "use" => {
                    let end = behind.iter().position(|token| is(token, ';')).map_or(0, |at| at + 1);
                    let statement = std::iter::once(first).chain(&behind[..end]).cloned().collect();
                    // Else it is the `use<…>` of a type.
                    if let Ok(import) = syn::parse2::<ItemUse>(statement) {
                        self.import(&import, here);
                        rest = &behind[end..];
                    }
                }
                TokenTree::Ident(start) => {
                    let mut segments = vec![start.to_string()];
                    while let [a, b, TokenTree::Ident(next), behind @ ..] = rest
                        && is(a, ':')
                        && is(b, ':')
                    {
                        segments.push(next.to_string());
                        rest = behind;
                    }
                    let place = place(here.file, start.span());
                    let module = &mut self.into.modules[here.module];
                    let kind = if segments.len() > 1 { &mut module.mentions } else { &mut module.words };
                    kind.push(Mention { segments, place });
                }
                TokenTree::Group(group) => self.scan(group.stream(), here),
                _ => {}
            }
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

fn place(file: &Path, span: Span) -> String {
    format!("{}:{}", file.display(), span.start().line)
}

/// The paths of a `use`, each with the name that it gives, or none for a glob.
fn flatten(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, Option<String>, Span)>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, leaves);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, leaves)),
        UseTree::Glob(star) => leaves.push((before.clone(), None, star.star_token.spans[0])),
        UseTree::Name(name) => leaf(&name.ident, &name.ident, before, leaves),
        UseTree::Rename(name) => leaf(&name.ident, &name.rename, before, leaves),
    }
}

fn leaf(
    name: &syn::Ident,
    as_name: &syn::Ident,
    before: &[String],
    leaves: &mut Vec<(Vec<String>, Option<String>, Span)>,
) {
    let mut segments = before.to_vec();
    // `a::{self}` is `a`.
    if name != "self" {
        segments.push(name.to_string());
    }
    let as_name = if as_name == "self" { before.last().cloned() } else { Some(as_name.to_string()) };
    leaves.push((segments, as_name, name.span()));
}

fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

fn file_attribute(attributes: &[Attribute]) -> Option<PathBuf> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(file), .. }) => Some(PathBuf::from(file.value())),
            _ => None,
        },
        _ => None,
    })
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| is_test_text(&attribute.meta.to_token_stream().to_string()))
}

/// Whether an attribute leaves what follows to tests alone: `cfg(test)`, or `cfg(all(test, …))`.
fn is_test_text(attribute: &str) -> bool {
    let text: String = attribute.split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == sign)
}

fn tests_follow(behind_hash: &[TokenTree]) -> bool {
    matches!(behind_hash, [TokenTree::Group(attribute), ..]
        if attribute.delimiter() == Delimiter::Bracket && is_test_text(&attribute.stream().to_string()))
}

/// What follows the item, statement, field or arm behind a `#`.
fn behind_item(behind_hash: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| {
        is(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let keyword = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if ["fn", "impl", "let"].iter().any(|keyword| word == keyword));
    let end = behind_hash.iter().position(ends);
    let comma = behind_hash.iter().position(|token| is(token, ','));
    let end = match (end, comma) {
        (Some(end), Some(comma)) if comma < end && !behind_hash[..comma].iter().any(keyword) => Some(comma),
        (None, comma) => comma,
        (end, _) => end,
    };
    end.map_or(&[], |end| &behind_hash[end + 1..])
}
