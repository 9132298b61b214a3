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

#[cfg(test)]
mod tests {
    use super::{matches, matches_any};

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
