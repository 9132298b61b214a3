//! Tells the network's tensors from a file's others, by the prefix of their names.
//!
//! Wrappers of networks and keys of dictionaries leave prefixes that end with a dot: `module.`, `_orig_mod.`, `model.`,
//! `state_dict.`, in any order and number; TensorFlow's models within models leave some that end with a slash. The prefix in front of the stem's weights, which every [`Scheme`] names, is
//! taken off; names without it belong to something else.
//!
//! Averages of a network's weights stand under a name with a word for them: `state_dict_ema`, `model_ema`, `swa_model`.

use std::collections::BTreeMap;

use super::Tensors;
use crate::weights::metadata::TRAINING_PREFIX;
use crate::weights::names::Scheme;

/// Usual names of wrappers and keys. The first is preferred where several networks are in a file, and others come last,
/// such as a teacher. timm's order is `state_dict_ema`, `model_ema`, `state_dict`, `model`.
const USUAL: [&str; 13] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "_orig_mod",
    "backbone",
    "encoder",
    "student",
    "weights",
    "params",
];

/// Words in the names of averages of weights.
const AVERAGE: [&str; 3] = ["ema", "swa", "averaged"];

/// The weights to take of a file that has a network's averaged weights beside its plain ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preferred {
    Averaged,
    Plain,
}

/// A file's tensors, told apart.
pub(super) struct Taken {
    /// The network's, without the prefix, and by their own names those that only training needs.
    pub(super) tensors: Tensors,
    /// Names of all others.
    pub(super) elsewhere: Vec<String>,
    pub(super) choice: Option<Choice>,
}

/// The prefixes of averaged and of plain weights, where a file has both.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Choice {
    /// The prefix of the ones that are taken.
    pub(in super::super) taken: String,
    /// The prefix of the others.
    pub(in super::super) passed: String,
}

/// Takes the prefix off the network's tensors.
///
/// # Errors
/// The prefixes of several networks, if none of them comes first.
pub(super) fn take_off(tensors: Tensors, preferred: Preferred) -> Result<Taken, Vec<String>> {
    let (prefix, passed) = choose(tensors.keys().map(String::as_str), preferred)?;
    let prefix = prefix.to_owned();
    let choice = passed.map(|passed| Choice { taken: prefix.clone(), passed: passed.to_owned() });
    if prefix.is_empty() {
        return Ok(Taken { tensors, elsewhere: Vec::new(), choice });
    }
    let (mut taken, mut elsewhere) = (BTreeMap::new(), Vec::new());
    for (name, stored) in tensors {
        match name.strip_prefix(&prefix) {
            Some(rest) => drop(taken.insert(rest.to_owned(), stored)),
            None if name.starts_with(TRAINING_PREFIX) => drop(taken.insert(name, stored)),
            None => elsewhere.push(name),
        }
    }
    Ok(Taken { tensors: taken, elsewhere, choice })
}

/// The network's prefix, and that of the network passed over for it: the plain one for an average, or the other way
/// round.
fn choose<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    preferred: Preferred,
) -> Result<(&'n str, Option<&'n str>), Vec<String>> {
    let mut names = names.filter(|name| !name.starts_with(TRAINING_PREFIX));
    let prefixes = names.clone().filter_map(Scheme::in_front_of_stem);
    let mut found: Vec<_> = prefixes.map(|prefix| (Rank::of(prefix, preferred), prefix)).collect();
    found.sort_unstable();
    found.dedup();
    let Some((first, prefix)) = found.first() else {
        // An unknown network: PyTorch's own wrappers say nothing about it.
        let Some(name) = names.next() else { return Ok(("", None)) };
        let mut prefix = &name[..usual_length(name)];
        for name in names {
            while !name.starts_with(prefix) {
                prefix = prefix[..prefix.len() - 1].rfind('.').map_or("", |dot| &prefix[..=dot]);
            }
        }
        return Ok((prefix, None));
    };
    let equal: Vec<_> = found.iter().take_while(|(rank, _)| rank == first).collect();
    if equal.len() > 1 {
        return Err(equal.into_iter().map(|(_, prefix)| (*prefix).to_owned()).collect());
    }
    let passed = found.iter().find(|(rank, _)| rank.is_other_kind != first.is_other_kind);
    Ok((prefix, passed.map(|(_, prefix)| *prefix)))
}

/// The place of a prefix among others; the least is preferred.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Whether its weights are averages though plain ones are preferred, or the other way round.
    is_other_kind: bool,
    /// The members' places among the usual ones, words for averages aside.
    members: Vec<usize>,
}

impl Rank {
    fn of(prefix: &str, preferred: Preferred) -> Self {
        let members = prefix.split_terminator(['.', '/']);
        let is_average = members.clone().any(|member| member.split('_').any(|word| AVERAGE.contains(&word)));
        let place = |member: &str| {
            let words: Vec<_> = member.split('_').filter(|word| !AVERAGE.contains(word)).collect();
            USUAL.iter().position(|usual| *usual == words.join("_")).unwrap_or(USUAL.len())
        };
        Self { is_other_kind: is_average != (preferred == Preferred::Averaged), members: members.map(place).collect() }
    }
}

/// Length of the usual members in front of a name, their dots included. Its last member is its own.
fn usual_length(name: &str) -> usize {
    let members = name.split_inclusive('.').filter(|member| member.ends_with('.'));
    members.take_while(|member| USUAL.contains(&member.trim_end_matches('.'))).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::Preferred::{Averaged, Plain};
    use super::choose;

    const STEMS: [&str; 3] = ["stem.conv.weight", "features.0.0.weight", "conv_stem.weight"];

    /// Tries every prefix before every scheme's stem, alone and beside other tensors.
    #[test]
    fn whatever_stands_before_the_stem_is_the_prefix() {
        let wrappers = ["module.", "model.", "_orig_mod.", "backbone.", "encoder.", "net.", "state_dict."];
        let mut prefixes = vec![String::new(), "trunk.".into(), "0.".into(), "a b.c.".into()];
        for outer in &wrappers {
            prefixes.push(outer.to_string());
            prefixes.extend(wrappers.iter().map(|inner| format!("{outer}{inner}")));
        }
        for stem in STEMS {
            for prefix in &prefixes {
                let stem = format!("{prefix}{stem}");
                for beside in
                    [&[][..], &["n_averaged"], &["ema.decay", "loss.weight"], &["training.ema.conv_stem.weight"]]
                {
                    let names = [beside, &[&stem]].concat();
                    assert_eq!(choose(names.into_iter(), Averaged), Ok((prefix.as_str(), None)), "{stem} {beside:?}");
                }
            }
            // A usual member counts only as a whole.
            let glued = format!("my.own_{stem}");
            assert_eq!(choose([glued.as_str()].into_iter(), Averaged), Ok(("", None)));
        }
    }

    #[test]
    fn of_several_networks_one_comes_first_or_all_are_named() {
        for (prefixes, expected) in [
            (&["", "teacher."][..], Ok("")),
            (&["student.", "teacher."], Ok("student.")),
            (&["module.encoder_q.", "module.encoder_k."], Err(["module.encoder_k.", "module.encoder_q."])),
            (&["left.", "right."], Err(["left.", "right."])),
            (&["model_ema.", "ema_model."], Err(["ema_model.", "model_ema."])),
        ] {
            let names: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}conv_stem.weight")).collect();
            let chosen = choose(names.iter().map(String::as_str), Averaged);
            let expected = expected.map(|prefix| (prefix, None));
            assert_eq!(chosen, expected.map_err(|prefixes| prefixes.map(str::to_owned).to_vec()));
        }
    }

    #[test]
    fn averages_are_taken_unless_plain_weights_are_asked_for() {
        for (average, plain) in [
            ("state_dict_ema.", "state_dict."),
            ("model_ema.", "model."),
            ("model_ema.module.", "model."),
            ("ema_model.", "model."),
            ("ema_model.module.", "module."),
            ("ema.", "model."),
            ("ema.", ""),
            ("ema_state_dict.", "state_dict."),
            ("model_state_dict_ema.", "model_state_dict."),
            ("params_ema.", "params."),
            ("averaged_model.", "net."),
            ("swa_model.module.", "left."),
            ("state_dict_ema.mine.", "state_dict.mine."),
            ("state_dict.ema_model.", "state_dict.model."),
            ("model_ema.", "state_dict."),
        ] {
            let names = [average, plain].map(|prefix| format!("{prefix}conv_stem.weight"));
            let names = || names.iter().map(String::as_str);
            assert_eq!(choose(names(), Averaged), Ok((average, Some(plain))));
            assert_eq!(choose(names(), Plain), Ok((plain, Some(average))));
            for preferred in [Averaged, Plain] {
                assert_eq!(choose(names().take(1), preferred), Ok((average, None)));
                assert_eq!(choose(names().skip(1), preferred), Ok((plain, None)));
            }
        }
        // timm's order.
        let all = ["model.", "state_dict.", "model_ema.", "state_dict_ema."];
        let names = all.map(|prefix| format!("{prefix}conv_stem.weight"));
        let names = || names.iter().map(String::as_str);
        assert_eq!(choose(names(), Averaged), Ok(("state_dict_ema.", Some("state_dict."))));
        assert_eq!(choose(names().take(3), Averaged), Ok(("model_ema.", Some("state_dict."))));
        assert_eq!(choose(names().take(2), Averaged), Ok(("state_dict.", None)));
    }

    #[test]
    fn of_an_unknown_network_the_usual_prefixes_go() {
        for (names, expected) in [
            (&["module.a", "module.b.c"][..], "module."),
            (&["state_dict.module.a", "state_dict.module.b"], "state_dict.module."),
            (&["state_dict.model.a", "state_dict.b"], "state_dict."),
            (&["module.a", "b"], ""),
            (&["my.a", "my.b"], ""),
            (&["module", "module.a"], ""),
            (&[], ""),
        ] {
            assert_eq!(choose(names.iter().copied(), Averaged), Ok((expected, None)), "{names:?}");
        }
    }
}
