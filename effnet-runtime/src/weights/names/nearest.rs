//! The scheme nearest to names that are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use effnet_spec::{Operator, Row, Settings, Spec};

use super::Scheme;

/// A scheme is near if one in `SHARE` of a file's names is its own.
const SHARE: usize = 2;

/// Members of a scheme's longest names.
const MAX_MEMBERS: usize = 7;

/// The scheme of most names of a file that lacks the stem's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The scheme.
    pub scheme: Scheme,
    /// The names' prefix in the file.
    pub prefix: String,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, prefix } = self;
        write!(f, "the nearest are {scheme}'s, and of those `{prefix}{}` is missing", scheme.stem_weight())
    }
}

impl Nearest {
    /// The scheme nearest to a file's names; none where no scheme has half of them.
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Option<Self> {
        let forms = Scheme::ALL.map(|scheme| (scheme, forms(scheme)));
        let mut votes: BTreeMap<(Scheme, &str), usize> = BTreeMap::new();
        let mut total = 0;
        for name in names.filter(|name| !super::is_batch_count(name)) {
            total += 1;
            let dots = name.rmatch_indices(['.', '/']).map(|(dot, _)| dot + 1).take(MAX_MEMBERS);
            for start in dots.chain([0]) {
                let form = form(&name[start..]);
                for (scheme, _) in forms.iter().filter(|(_, forms)| forms.contains(&form)) {
                    *votes.entry((*scheme, &name[..start])).or_default() += 1;
                }
            }
        }
        let ((scheme, prefix), votes) = votes.into_iter().max_by_key(|(_, votes)| *votes)?;
        (votes * SHARE >= total).then(|| Self { scheme, prefix: prefix.to_owned() })
    }
}

/// A scheme's names, of every kind of block.
fn forms(scheme: Scheme) -> BTreeSet<String> {
    scheme.pairs(&every_kind(scheme)).into_iter().flatten().map(|pair| form(&pair.theirs)).collect()
}

/// Every kind of block that the scheme names: with and without expansion, with and without squeeze and excitation, fused
/// and not.
pub(super) fn every_kind(scheme: Scheme) -> Spec {
    let spec = |rows: Vec<Row>| Spec { name: "".into(), rows: rows.into(), settings: Settings::DEFAULT };
    let mut rows = Vec::new();
    for operator in Operator::ALL {
        for expansion in [1, 4] {
            for se_ratio in [0.0, 0.25] {
                rows.push(Row::new(2, 3, 1, expansion, 8, 8, operator, se_ratio));
            }
        }
    }
    rows.retain(|row| scheme.pairs(&spec(vec![*row])).is_ok());
    spec(rows)
}

/// A name with every number in it made the same. TensorFlow's names have them within a member (`blocks_3`, `block2a_bn`).
fn form(name: &str) -> String {
    if !name.contains('/') {
        let is_number = |member: &str| !member.is_empty() && member.bytes().all(|byte| byte.is_ascii_digit());
        let members = name.split('.').map(|member| if is_number(member) { "0" } else { member });
        return members.collect::<Vec<_>>().join(".");
    }
    let (mut form, mut rest) = (String::new(), name);
    while let Some(first) = rest.chars().next() {
        let digits = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if digits.len() == rest.len() {
            form.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        form.push('0');
        // The letter of a block in its stage.
        let letter = digits.starts_with(|letter: char| letter.is_ascii_lowercase()) && digits[1..].starts_with('_');
        rest = &digits[usize::from(letter)..];
    }
    form
}

#[cfg(test)]
mod tests {
    use super::{Nearest, Scheme, every_kind};

    /// The names of a scheme's network without the stem's weights, under a prefix.
    fn without_stem(scheme: Scheme, prefix: &str) -> Vec<String> {
        let names = scheme.pairs(&every_kind(scheme)).unwrap().into_iter().map(|pair| pair.theirs);
        names.filter(|name| name != scheme.stem_weight()).map(|name| format!("{prefix}{name}")).collect()
    }

    #[test]
    fn what_lacks_the_stem_is_still_told() {
        for scheme in Scheme::ALL {
            for prefix in ["", "model.", "a.b.0."] {
                let prefix = &*prefix.replace('.', &scheme.separator().to_string());
                let mut names = without_stem(scheme, prefix);
                names.extend(["n_averaged".to_owned(), "x.y.z".to_owned()]);
                let nearest = Nearest::of(names.iter().map(String::as_str)).unwrap();
                assert_eq!((nearest.scheme, nearest.prefix.as_str()), (scheme, prefix));
                assert!(nearest.to_string().contains(&format!("`{prefix}{}`", scheme.stem_weight())), "{nearest}");
            }
        }
    }

    #[test]
    fn other_networks_are_near_to_nobody() {
        let resnet =
            ["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer1.0.bn1.weight", "fc.weight"];
        let vgg = ["features.0.weight", "features.0.bias", "features.2.weight", "classifier.0.weight"];
        for names in [&resnet[..], &vgg, &["a", "b"], &["......", ""], &[]] {
            assert_eq!(Nearest::of(names.iter().copied()), None, "{names:?}");
        }
    }
}
