//! Section of the page that says how to repeat the run.

use effnet_kernels::simd::Level;
use effnet_spec::thousands;
use maud::{Markup, html};

use crate::page;
use crate::text::shell;
use crate::train::error::{Error, Result};
use crate::train::facts::Facts;

pub(super) fn of(facts: &Facts) -> Result<Markup> {
    let config = &facts.config;
    let file = facts.folder.config_file();
    let settings = std::fs::read_to_string(&file).map_err(Error::folder("read", &file))?;
    let file = shell(&file);
    let (train, val) = (facts.split.train.len() as u64, facts.split.val.len() as u64);
    let data =
        format!("{}: {} training and {} validation images", config.data.name(), thousands(train), thousands(val));
    let facts_of_it = [
        ("Seed", config.seed.to_string()),
        ("Recipe", config.recipe.clone()),
        ("Data", data),
        ("effnet", env!("CARGO_PKG_VERSION").to_owned()),
        ("Machine", format!("{}, {}", config.compute.device, Level::current().name())),
        ("Threads", format!("{}, and {} that load images", config.compute.threads, config.compute.loader_threads)),
    ];
    Ok(html! {
        @match &facts.command {
            Some(command) => pre.command { code { (command) " --config " (file) } },
            None => {
                p { "Train the network " strong { (config.model) } " with:" }
                pre.command { code { "train --config " (file) } }
            },
        }
        p.note {
            "With the same version, images and processor level the run is the same to the bit, whatever the number of "
            "threads and however often it was stopped and resumed."
        }
        (page::facts(facts_of_it))
        details {
            summary { "All settings (" code { "config.toml" } ")" }
            pre { code { (settings) } }
        }
    })
}
