//! The names of ImageNet's classes, which `generate.py` wrote.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// Names of Google's ImageNet-21k and of ImageNet-1k, in timm's order of the outputs, each marked by what has it.
const NAMES: &[u8] = include_bytes!("imagenet.z");

/// A class.
struct Class {
    /// Its number in WordNet, such as `n07920052`.
    synset: String,
    /// Its lemmas, with commas between them.
    lemmas: String,
    is_in_1k: bool,
    is_in_21k: bool,
}

/// All classes of either.
fn all() -> Vec<Class> {
    let mut text = String::new();
    // The bytes are this program's own: a test reads them all.
    let _ = ZlibDecoder::new(NAMES).read_to_string(&mut text);
    let mut number = 0;
    let class = |line: &str| {
        let (step, lemmas) = line.split_once('\t')?;
        let (is_in_1k, is_in_21k) = (step.starts_with(['*', '+']), !step.starts_with('+'));
        number += step.trim_start_matches(['*', '+']).parse::<u32>().ok()?;
        Some(Class { synset: format!("n{number:08}"), lemmas: lemmas.to_owned(), is_in_1k, is_in_21k })
    };
    text.lines().filter_map(class).collect()
}

/// The classes of the ImageNet that has as many, and its name.
fn of(classes: usize) -> Option<(&'static str, Vec<Class>)> {
    match classes {
        1_000 => Some(("ImageNet-1k", all().into_iter().filter(|class| class.is_in_1k).collect())),
        21_843 => Some(("ImageNet-21k", all().into_iter().filter(|class| class.is_in_21k).collect())),
        _ => None,
    }
}

/// The names of the ImageNet with so many classes, in the order of classifiers' outputs, and which one it is.
pub(super) fn labels(classes: usize) -> Option<(&'static str, Vec<String>)> {
    let (name, classes) = of(classes)?;
    Some((name, classes.into_iter().map(|class| class.lemmas).collect()))
}

/// The synsets of labels that are ImageNet's: its folders go by them.
pub(in crate::commands) fn synsets(labels: &[String]) -> Option<Vec<String>> {
    let (_, classes) = of(labels.len())?;
    let are_its = classes.iter().map(|class| &class.lemmas).eq(labels);
    are_its.then(|| classes.into_iter().map(|class| class.synset).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_name() {
        let (_, small) = labels(1_000).expect("1k");
        let (_, large) = labels(21_843).expect("21k");
        assert_eq!((small.len(), large.len()), (1_000, 21_843));
        for (class, name) in [
            (0, "tench, Tinca tinca"),
            (281, "tabby, tabby cat"),
            (967, "espresso"),
            (999, "toilet tissue, toilet paper, bathroom tissue"),
        ] {
            assert_eq!(small[class], name);
        }
        assert_eq!((large[0].as_str(), large.last().map(String::as_str)), ("organism, being", Some("knothole")));
        assert!(large.iter().all(|name| !name.is_empty()) && labels(1_001).is_none());
    }

    #[test]
    fn its_folders_are_known_by_their_synsets() {
        let (_, names) = labels(1_000).expect("1k");
        let synsets = synsets(&names).expect("ImageNet's");
        assert_eq!((synsets[0].as_str(), synsets[967].as_str()), ("n01440764", "n07920052"));
        let own: Vec<String> = (0..1_000).map(|class| class.to_string()).collect();
        assert_eq!(super::synsets(&own), None);
    }
}
