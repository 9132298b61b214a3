//! Circles planted in small crates, and what looks like one.

use std::path::Path;

use crate::graph::circles;
use crate::source::Crate;

/// The circles of a crate that these files make.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let read = |file: &Path| files.iter().find(|(name, _)| Path::new(name) == file).map(|(_, text)| (*text).to_owned());
    circles(&Crate::read("planted", Path::new("lib.rs"), &read)).iter().map(ToString::to_string).collect()
}

#[test]
fn two_siblings() {
    let circles = found(&[
        ("lib.rs", "mod a;\nmod b;"),
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "pub struct B;\nfn f() { drop(std::mem::size_of::<crate::a::A>()) }"),
    ]);
    let message = "planted: a, b import each other in a circle\n    \
        a -> b  a.rs:1 (crate::b::B)\n    \
        b -> a  b.rs:2 (crate::a::A)\n";
    assert_eq!(circles, [message]);
}

/// Each import once more, in each way in which a path can be written.
#[test]
fn every_way_to_name_a_sibling() {
    for import in [
        "use crate::b::B;",
        "use super::b::B;",
        "use super::{c, b::{self as other, B}};",
        "use super::b::*;",
        "use super::b;",
        "use own::b::B;",
        "use super::B;",
        "use crate::B as Other;",
        "fn f() { use crate::b::B; }",
        "fn f() { crate::b::g() }",
        "fn f() -> String { format!(\"{}\", super::b::g()) }",
        "fn f(x: own::b::B) {}",
        "use super::c; fn f() { c::C::g() }",
        "use super::c::{self}; impl c::C {}",
        "use super::c::C;",
        "use super::*; fn f() { b::g() }",
        "use super::*; struct A(B);",
        "#[derive(crate::b::g)] struct A;",
        "mod inner { use super::super::b::B; }",
        "const A: usize = <usize as super::b::B>::A;",
    ] {
        let circles = found(&[
            ("lib.rs", "extern crate self as own;\nmod a;\nmod b;\nmod c;\npub use b::B;"),
            ("a.rs", import),
            ("b.rs", "use crate::a;\npub struct B; pub fn g() {}"),
            ("c.rs", "pub use crate::b::B as C;"),
        ]);
        assert!(circles.len() == 1 && circles[0].starts_with("planted: a, b"), "{import}: {circles:?}");
    }
}

#[test]
fn a_ring_of_three_deep_below() {
    let circles = found(&[
        ("lib.rs", "mod deep;"),
        ("deep/mod.rs", "mod er;"),
        ("deep/er.rs", "mod a; mod b; mod c { use super::a; }"),
        ("deep/er/a.rs", "use super::b;"),
        ("deep/er/b/mod.rs", "mod inner;"),
        ("deep/er/b/inner.rs", "fn f() { super::super::c::g() }"),
    ]);
    assert_eq!(circles.len(), 1);
    assert!(circles[0].starts_with("planted::deep::er: a, b, c import"), "{circles:?}");
    assert!(circles[0].contains("b -> c  deep/er/b/inner.rs:1 (super::super::c::g)"), "{circles:?}");
}

/// Two circles side by side are two, and who only looks on is in neither.
#[test]
fn two_circles_and_an_onlooker() {
    let circles = found(&[(
        "lib.rs",
        "mod a { use super::b; } mod b { use super::a; } mod c { use super::{a, d}; } mod d { use super::c; } mod e { use super::d; }",
    )]);
    let firsts: Vec<_> = circles.iter().filter_map(|circle| circle.lines().next()).collect();
    assert_eq!(firsts, ["planted: a, b import each other in a circle", "planted: c, d import each other in a circle"]);
}

#[test]
fn no_circles() {
    for (what, a, b) in [
        ("one way", "use crate::b::B;", "pub struct B;"),
        ("its own test module", "use crate::b::B;", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        (
            "tests with a feature",
            "use crate::b::B;",
            "#[cfg(all(test, feature = \"x\"))] use crate::a::A; pub struct B;",
        ),
        ("a method for tests", "use crate::b::B;", "impl B { #[cfg(test)] fn f(&self, a: u8) { crate::a::f() } }"),
        ("a field for tests", "use crate::b::B;", "struct B { #[cfg(test)] a: crate::a::A, b: u8 }"),
        ("a statement for tests", "use crate::b::B;", "fn f() { #[cfg(test)] let (a, b) = crate::a::f(); g() }"),
        ("another crate's module of that name", "use crate::b::B;", "use a_crate::a::A; pub struct B;"),
        ("what both have of their parent", "use crate::Root;", "use crate::Root;"),
        ("a comment", "use crate::b::B;", "//! See [`crate::a::A`].\npub struct B;"),
        ("a type parameter", "use crate::b::B;", "fn f<T: Iterator>() -> T::a { T::a::new() }"),
    ] {
        let circles = found(&[("lib.rs", "mod a;\nmod b;\npub struct Root(a::A, b::B);"), ("a.rs", a), ("b.rs", b)]);
        assert!(circles.is_empty(), "{what}: {circles:?}");
    }
}

/// What follows something for tests alone counts again.
#[test]
fn only_what_is_for_tests_is_left_out() {
    for b in [
        "impl B { #[cfg(test)] fn f(&self, a: u8) {} fn g() { crate::a::f() } }",
        "struct B { #[cfg(test)] a: u8, b: crate::a::A }",
        "fn f() { #[cfg(test)] let (a, b) = g(); crate::a::f() }",
        "#[cfg(not(test))] use crate::a::A;",
    ] {
        let circles = found(&[("lib.rs", "mod a;\nmod b;"), ("a.rs", "use crate::b;"), ("b.rs", b)]);
        assert_eq!(circles.len(), 1, "{b}");
    }
}
