//! README.md and docs/settings.md list the rows of the table.

use std::fs;
use std::path::Path;

use super::super::setting::{Fallback, Setting};
use super::super::table::{GROUPS, SETTINGS};

/// The settings of one table of `config.toml` with their keys in it; the top-level settings for an empty name.
fn settings_of(group: &'static str) -> impl Iterator<Item = (&'static str, &'static Setting)> {
    SETTINGS.iter().filter_map(move |setting| match setting.key.split_once('.') {
        Some((of, key)) => (of == group).then_some((key, setting)),
        None => group.is_empty().then_some((setting.key, setting)),
    })
}

fn row(key: &str, setting: &Setting) -> String {
    let fallback = match &setting.fallback {
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Words(words) => (*words).to_owned(),
    };
    let flag = setting.flag.map_or_else(String::new, |(name, value)| format!("`--{name} {value}`"));
    let cells = [format!("`{key}`"), setting.values(), fallback, flag, setting.help.to_owned()];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

/// docs/settings.md: a section per table of `config.toml`.
fn list() -> String {
    let mut text = String::from(
        "# Settings\n\nThe keys of `config.toml`, of recipes and of `--config FILE`; `--set KEY=VALUE` sets each of \
         them. This file follows from the table in `effnet-runtime/src/train/config/table.rs`.\n",
    );
    for (group, about) in [("", "")].iter().chain(GROUPS) {
        if !group.is_empty() {
            text += &format!("\n## `{group}`\n\n{}\n", about.trim());
        }
        text += "\n| key | value | default | flag | what |\n|---|---|---|---|---|\n";
        settings_of(group).for_each(|(key, setting)| text += &row(key, setting));
    }
    text
}

/// README.md's table: a line per table of `config.toml`.
fn overview() -> String {
    let mut text = String::from("| table | settings | what |\n|---|---|---|\n");
    for (group, about) in [("", "The run as a whole.")].iter().chain(GROUPS) {
        let keys: Vec<String> = settings_of(group).map(|(key, _)| format!("`{key}`")).collect();
        let name = if group.is_empty() { String::new() } else { format!("`{group}`") };
        text += &format!("| {name} | {} | {} |\n", keys.join(", "), about.trim());
    }
    text
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap_or_default()
}

#[test]
fn the_list_of_settings_is_the_tables() {
    assert!(document("docs/settings.md") == list(), "write this to docs/settings.md:\n{}", list());
}

#[test]
fn the_readmes_settings_are_the_tables() {
    assert!(document("README.md").contains(&overview()), "paste this into README.md:\n{}", overview());
}
