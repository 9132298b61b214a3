use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::part::Part;

/// Whether tars without labels are named after their classes, as ImageNet's are (`n01440764.tar`). Other names with
/// digits are shards' numbers, and a lone tar is no class.
pub(super) fn are_classes(tars: &[PathBuf]) -> bool {
    let names: BTreeSet<String> = tars.iter().map(|tar| class(tar)).collect();
    let speaks = |name: &String| Part::behind(name).is_none() && !name.contains(|letter: char| letter.is_ascii_digit());
    names.iter().all(|name| is_wordnet(name)) || names.len() > 1 && names.iter().all(speaks)
}

/// The class that such a tar is named after.
pub(super) fn class(tar: &Path) -> String {
    tar.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a name is a WordNet number.
fn is_wordnet(name: &str) -> bool {
    name.len() == 9 && name.starts_with('n') && name[1..].bytes().all(|byte| byte.is_ascii_digit())
}
