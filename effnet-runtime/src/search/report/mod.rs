//! `search.html`: a search on one page.
//!
//! It is written atomically after every trial.

mod best;
mod digest;
mod effects;
mod front;
mod growth;
mod heading;
mod plot;
mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use std::io::Write;
use std::path::Path;

use maud::html;

use super::error::{Error, Result};
use super::folder::SearchFolder;
use super::settings::Settings;
use super::space::Space;
use super::trial::Trial;
use crate::page::{Page, section};
use crate::weights::write_atomically;
use digest::Digest;

/// Writes the report of a search into its folder, as far as the search has come.
///
/// # Errors
/// When the ledger or the settings cannot be read, or the report cannot be written.
pub fn write(folder: &SearchFolder) -> Result<()> {
    let text = page(folder.path(), &folder.settings()?, &folder.space()?, &folder.ledger().trials()?)?;
    let path = folder.report();
    write_atomically(&path, |file| file.write_all(text.as_bytes())).map_err(Error::folder("write", &path))
}

fn page(folder: &Path, settings: &Settings, space: &Space, trials: &[Trial]) -> Result<String> {
    let digest = Digest::of(space, trials)?;
    let has_figures = !digest.measured.is_empty();
    let main = html! {
        @if has_figures {
            (section("front", "Accuracy against time", front::of(&digest, settings)?))
            (section("growth", "How the reward grew", growth::of(&digest)?))
            (section("effects", "What each choice did", effects::of(&digest, space)))
            (section("winner", "The best network", best::of(&digest)))
        }
        (section("ranking", "Trials by reward", ranking::of(&digest)))
        @if !digest.failed.is_empty() { (section("failures", "Trials that failed", ranking::failures(&digest))) }
        (section("next", "How to go on", best::commands(&digest, settings, folder)))
        (section("settings", "What was searched, and how", settings::of(settings, space)?))
    };
    let title = format!("{} · search report", space.name());
    Ok(Page { title, style: include_str!("search.css"), header: heading::of(&digest, settings, space), main }.html())
}
