use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::split::list_some;
use super::index::Label;
use crate::data::error::Error;
use crate::text;

/// The number from which on a label counts as a mistake: three times the classes of ImageNet-21k.
const MAX_CLASSES: u64 = 1 << 16;

/// The labels of all samples as they are written, each text once.
#[derive(Default)]
pub(super) struct Labels {
    numbers: HashMap<String, u32>,
    /// The texts by number, each with the name of a sample that has it.
    texts: Vec<(String, String)>,
    /// Whether labels are entries of their own rather than folders' names; unknown before the first.
    entries: Option<bool>,
}

impl Labels {
    /// Notes a sample's label; returns the number of its text.
    pub(super) fn add(&mut self, origin: &str, path: &str, label: Label) -> Result<u32, Error> {
        let (text, entry) = match label {
            Label::Entry(text) => (text, true),
            Label::Folder(name) => (name, false),
            Label::None => {
                let reason = format!(
                    "holds no label for {path}: add one in a .cls file of the same name, or put the images into one folder per class"
                );
                return Err(Error::layout(origin, reason));
            }
        };
        if *self.entries.get_or_insert(entry) != entry {
            let (has, others_have) = if entry { ("a", "none") } else { ("no", "one") };
            let reason = format!(
                "holds {path}, which has {has} label in .cls or .json, while others have {others_have}: label all or none"
            );
            return Err(Error::layout(origin, reason));
        }
        if let Some(number) = self.numbers.get(&text) {
            return Ok(*number);
        }
        let number = self.texts.len() as u32;
        self.texts.push((text.clone(), format!("{origin}:{path}")));
        self.numbers.insert(text, number);
        Ok(number)
    }

    /// The classes' names, and the class of each text.
    ///
    /// `names` are those of `classes.txt`. Without them, classes are named by their numbers where every label is a
    /// number; otherwise they are the labels in byte order.
    pub(super) fn resolve(
        self,
        origin: &str,
        names: Option<(PathBuf, Vec<String>)>,
    ) -> Result<(Vec<String>, Vec<u32>), Error> {
        let number = |text: &str| if self.entries == Some(true) { text.parse::<u64>().ok() } else { None };
        if let Some((path, names)) = names {
            let by_name: HashMap<&String, u32> = names.iter().zip(0..).collect();
            let class = |(text, sample): &(String, String)| {
                let found = match number(text) {
                    Some(number) => (number < names.len() as u64).then_some(number as u32),
                    None => by_name.get(text).copied(),
                };
                found.ok_or_else(|| {
                    let (path, count) = (path.display(), names.len());
                    let reason = format!("has the label {text}, which {path} with its {count} classes does not know");
                    Error::layout(sample, reason)
                })
            };
            let classes = self.texts.iter().map(class).collect::<Result<_, _>>()?;
            return Ok((names, classes));
        }
        let numbers: Option<Vec<u64>> = self.texts.iter().map(|(text, _)| number(text)).collect();
        if let Some(numbers) = numbers {
            let (at, most) = numbers.iter().enumerate().max_by_key(|(_, number)| **number).unwrap_or((0, &0));
            if *most >= MAX_CLASSES {
                let reason = format!("has the label {most}, and {} is the largest: correct it", MAX_CLASSES - 1);
                return Err(Error::layout(&self.texts[at].1, reason));
            }
            let classes = (0..=*most).map(|class| class.to_string()).collect();
            return Ok((classes, numbers.into_iter().map(|number| number as u32).collect()));
        }
        if self.texts.len() as u64 > MAX_CLASSES {
            let reason = format!("has {} classes, and {MAX_CLASSES} is the limit", self.texts.len());
            return Err(Error::layout(origin, reason));
        }
        let mut classes: Vec<String> = self.texts.iter().map(|(text, _)| text.clone()).collect();
        classes.sort();
        let class = |(text, _): &(String, String)| classes.binary_search(text).unwrap_or_default() as u32;
        let numbers = self.texts.iter().map(class).collect();
        Ok((classes, numbers))
    }
}

/// Reads `classes.txt`.
pub(super) fn read_names(path: &Path) -> Result<Vec<String>, Error> {
    let origin = path.display().to_string();
    let text = std::fs::read(path).map_err(Error::file_error(&origin))?;
    let text = text::text(&text).map_err(|reason| Error::layout(&origin, reason))?;
    let names: Vec<String> = text.trim_end().lines().map(|line| line.trim().to_owned()).collect();
    if let Some(line) = names.iter().position(String::is_empty) {
        return Err(Error::layout(&origin, format!("has no name in line {}: name one class a line", line + 1)));
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let twice: Vec<&str> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    if !twice.is_empty() {
        return Err(Error::layout(
            &origin,
            format!("names {} more than once: name each class once", list_some(&twice)),
        ));
    }
    Ok(names)
}
