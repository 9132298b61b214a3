//! `effnet check`: is every image of this data set usable?

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use effnet_runtime::data::{self, Source, Split, Validation};
use effnet_runtime::threads;
use serde::Serialize;

use super::output;
use super::threads::Threads;

/// Reads every image of a data set and names those that cannot be used
#[derive(Args, Debug)]
pub(super) struct Check {
    /// A folder or tar of class folders, a CSV list, WebDataset shards, or CIFAR's binary version
    #[arg(value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    threads: Threads,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    train: usize,
    val: usize,
    /// Whether `val` is the data set's own part, rather than a share that training sets aside.
    own_val: bool,
    classes: Vec<Class>,
    ignored: usize,
    /// Kinds of files left out, with the number of each.
    ignored_kinds: BTreeMap<String, usize>,
    bad: Vec<Bad>,
}

#[derive(Serialize)]
struct Class {
    name: String,
    train: usize,
    val: usize,
}

#[derive(Serialize)]
struct Bad {
    file: String,
    reason: String,
}

impl Check {
    pub(super) fn run(self) -> Result<()> {
        self.threads.apply();
        let split = data::open(&self.data, Validation::Auto, 0)?;
        let report = Report::of(&split);
        if self.json {
            output::print_json(&report)?;
        } else {
            output::print(&report.to_text(split.ignored.to_string()))?;
        }
        match report.bad.len() {
            0 => Ok(()),
            1 => bail!("1 file of {} cannot be used: {}", self.data.display(), report.bad[0].reason),
            bad => bail!("{bad} files of {} cannot be used: replace or remove them", self.data.display()),
        }
    }
}

impl Report {
    fn of(split: &Split) -> Self {
        let sources: [&dyn Source; 2] = [&*split.train, &*split.val];
        let bad = sources.iter().flat_map(|source| {
            let bad = data::check(*source, threads::current().threads(), &|_| ()).into_iter();
            bad.map(|bad| Bad { file: source.name(bad.sample), reason: bad.error.to_string() })
        });
        let counts = sources.map(|source| {
            let mut counts = vec![0; source.classes().len()];
            (0..source.len()).for_each(|sample| counts[source.label(sample)] += 1);
            counts
        });
        let class = |(index, name): (usize, &String)| Class {
            name: name.clone(),
            train: counts[0][index],
            val: counts[1][index],
        };
        Self {
            train: split.train.len(),
            val: split.val.len(),
            own_val: split.val_fraction.is_none(),
            classes: split.train.classes().iter().enumerate().map(class).collect(),
            ignored: split.ignored.files,
            ignored_kinds: split.ignored.kinds.clone(),
            bad: bad.collect(),
        }
    }

    fn to_text(&self, ignored: String) -> String {
        let origin = if self.own_val { "in val" } else { "that training would set aside for validation" };
        let mut text =
            format!("{} classes, {} images to train on, {} {origin}\n", self.classes.len(), self.train, self.val);
        let width = self.classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0);
        for class in &self.classes {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "  {:width$}  {:7} {:7}", class.name, class.train, class.val);
        }
        if self.ignored > 0 {
            let _ = writeln!(text, "left out: {ignored}");
        }
        for bad in &self.bad {
            let _ = writeln!(text, "bad: {}", bad.reason);
        }
        if self.bad.is_empty() {
            text.push_str("every image can be read\n");
        }
        text
    }
}
