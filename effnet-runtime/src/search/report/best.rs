//! The best network, and what to type next.

use std::path::Path;

use maud::{Markup, html};

use super::digest::Digest;
use crate::search::settings::Settings;
use crate::text::shell;

/// The best network's stages.
pub(super) fn of(digest: &Digest<'_>) -> Markup {
    let Some(best) = digest.best() else { return html! { p { "No trial has been trained yet." } } };
    html! {
        p.note { "The stages of trial " (best.number) ", as its table has them." }
        div.scroll {
            table.numbers id="best" {
                thead {
                    tr {
                        th scope="col" { "stage" }
                        th.name scope="col" { "operator" }
                        @for name in ["layers", "kernel", "stride", "expansion", "channels in", "channels out", "squeeze-excitation"] { th scope="col" { (name) } }
                    }
                }
                tbody {
                    @for (number, row) in (1..).zip(best.spec.rows()) {
                        @let squeeze = row.squeeze.to_string();
                        tr {
                            th scope="row" { (number) }
                            td class={ "name blocks " (row.operator.name()) } { (row.operator) }
                            td { (row.repeats) }
                            td { (row.kernel) " × " (row.kernel) }
                            td { (row.stride) }
                            td { (row.expansion) }
                            td { (row.in_channels) }
                            td { (row.out_channels) }
                            td { (if squeeze == "0" { "–" } else { squeeze.as_str() }) }
                        }
                    }
                }
            }
        }
    }
}

/// Commands that go on from here.
pub(super) fn commands(digest: &Digest<'_>, settings: &Settings, folder: &Path) -> Markup {
    let folder = shell(folder);
    let is_done = digest.running == 0 && digest.trials.len() as u64 >= settings.sampler().trials();
    html! {
        @if !is_done {
            (command("Go on with the search, if nobody is at it:", &format!("effnet search --resume --output {folder}")))
        }
        @match digest.winner {
            Some(best) => {
                (command(
                    "Print the best network as source code to paste, which the compiler checks (another trial by its number):",
                    &format!("effnet search show {best} --search {folder} --as macro"),
                ))
                (command("Train it in full:", &format!("effnet search train {best} --search {folder}")))
            },
            None if is_done => p { "No network was trained to the end: see the reasons above, and begin another search." },
            None => {},
        }
    }
}

fn command(what: &str, command: &str) -> Markup {
    html! {
        div.step {
            p { (what) }
            pre.command { code { (command) } }
        }
    }
}
