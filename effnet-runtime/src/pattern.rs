//! Patterns of names: `*` stands for any text, also none; everything else for itself.

use wildmatch::WildMatchPattern;

/// Whether a name matches a pattern.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    // A pattern of one kind of wildcard only: NUL is in no name.
    WildMatchPattern::<'*', '\0'>::new(pattern).matches(name)
}

/// Whether a name matches any of some patterns.
pub(crate) fn matches_any<P: AsRef<str>>(patterns: &[P], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern.as_ref(), name))
}

/// Number of names in a message.
const SHOWN: usize = 3;

/// The names that begin most like a pattern, quoted, for a message about one that matches none.
pub(crate) fn nearest<N: AsRef<str>>(pattern: &str, names: &[N]) -> String {
    let alike = |name: &str| pattern.bytes().zip(name.bytes()).take_while(|(ours, theirs)| ours == theirs).count();
    let mut names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.sort_by_key(|name| std::cmp::Reverse(alike(name)));
    names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{matches, matches_any, nearest};

    #[test]
    fn the_nearest_names_begin_most_alike() {
        let names = ["blocks.0.conv.weight", "head.classifier.bias", "head.project_conv.bn.bias", "stem.conv.weight"];
        let near = nearest("head.conv.*", &names);
        assert_eq!(near, "`head.classifier.bias`, `head.project_conv.bn.bias`, `blocks.0.conv.weight`");
    }

    #[test]
    fn a_star_is_any_text() {
        assert!(matches("blocks.*", "blocks.0.conv.weight"));
        assert!(matches("*.bn.*", "stem.bn.weight"));
        assert!(matches("stem.bn.weight", "stem.bn.weight"));
        assert!(!matches("stem", "stem.bn.weight"));
        assert!(!matches("stem?bn.weight", "stem.bn.weight"));
        assert!(matches_any(&["head.*", "stem.*"], "stem.bn.weight"));
        assert!(!matches_any::<&str>(&[], "stem.bn.weight"));
    }
}
