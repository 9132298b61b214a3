//! Pages for people: what the report of a run and that of a search have in common.
//!
//! A page is self-contained: it embeds drawings, pictures and style, loads nothing and runs no script.

pub(crate) mod axes;
pub(crate) mod chart;
pub(crate) mod figures;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use axes::Undrawn;

const STYLE: &str = include_str!("style.css");

/// Content security policy of the page: it may load only what it embeds.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// A page.
pub(crate) struct Page<'a> {
    /// What it is about.
    pub(crate) title: String,
    /// Style of this page behind that of all.
    pub(crate) style: &'a str,
    pub(crate) header: Markup,
    /// Its sections.
    pub(crate) main: Markup,
}

impl Page<'_> {
    /// The page as HTML.
    pub(crate) fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) (PreEscaped(self.style)) }
                }
                body {
                    (self.header)
                    main { (self.main) }
                    footer { "Written by effnet " (env!("CARGO_PKG_VERSION")) }
                }
            }
        };
        page.into_string()
    }
}

/// A section with its heading.
pub(crate) fn section(id: &str, title: &str, content: Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            (content)
        }
    }
}

/// A figure of the heading: its name, itself, and a few words on it.
pub(crate) fn tile(name: &str, figure: &str, aside: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (figure) }
            dd.aside { (aside) }
        }
    }
}

/// Facts, each with its name.
pub(crate) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> Markup {
    html! { dl.facts { @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } } } }
}
