//! Tells the network's tensors from a file's others, by the prefix of their names.
//!
//! Wrappers of networks and keys of dictionaries leave prefixes that end with a dot: `module.`, `_orig_mod.`, `model.`,
//! `state_dict.`, in any order and number. The prefix in front of the stem's weights, which every [`Scheme`] names, is
//! taken off; names without it belong to something else.

use std::collections::BTreeMap;

use super::Tensors;
use crate::weights::metadata::TRAINING_PREFIX;
use crate::weights::names::Scheme;

/// Usual names of wrappers and keys. The first is preferred where several networks are in a file, and others come last.
/// Averages (`state_dict_ema`, `ema_model`) and teachers are not listed.
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

/// The network's tensors, without the prefix, and the names of all others. Tensors that only training needs keep their
/// names.
///
/// # Errors
/// The prefixes of several networks, if none of them comes first.
pub(super) fn take_off(tensors: Tensors) -> Result<(Tensors, Vec<String>), Vec<String>> {
    let prefix = choose(tensors.keys().map(String::as_str))?.to_owned();
    if prefix.is_empty() {
        return Ok((tensors, Vec::new()));
    }
    let (mut taken, mut others) = (BTreeMap::new(), Vec::new());
    for (name, stored) in tensors {
        match name.strip_prefix(&prefix) {
            Some(rest) => drop(taken.insert(rest.to_owned(), stored)),
            None if name.starts_with(TRAINING_PREFIX) => drop(taken.insert(name, stored)),
            None => others.push(name),
        }
    }
    Ok((taken, others))
}

fn choose<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Result<&'n str, Vec<String>> {
    let mut names = names.filter(|name| !name.starts_with(TRAINING_PREFIX));
    let mut found: Vec<(Vec<usize>, &str)> =
        names.clone().filter_map(Scheme::in_front_of_stem).map(|prefix| (ranks(prefix), prefix)).collect();
    found.sort_unstable();
    found.dedup();
    let Some((first, prefix)) = found.first() else {
        // An unknown network: PyTorch's own wrappers say nothing about it.
        let Some(name) = names.next() else { return Ok("") };
        let mut prefix = &name[..usual_length(name)];
        for name in names {
            while !name.starts_with(prefix) {
                prefix = prefix[..prefix.len() - 1].rfind('.').map_or("", |dot| &prefix[..=dot]);
            }
        }
        return Ok(prefix);
    };
    let equal: Vec<_> = found.iter().take_while(|(ranks, _)| ranks == first).collect();
    if equal.len() > 1 {
        return Err(equal.into_iter().map(|(_, prefix)| (*prefix).to_owned()).collect());
    }
    Ok(prefix)
}

/// Ranks of a prefix's members among the usual ones.
fn ranks(prefix: &str) -> Vec<usize> {
    let members = prefix.split_terminator('.');
    members.map(|member| USUAL.iter().position(|usual| *usual == member).unwrap_or(USUAL.len())).collect()
}

/// Length of the usual members in front of a name, their dots included. Its last member is its own.
fn usual_length(name: &str) -> usize {
    let members = name.split_inclusive('.').filter(|member| member.ends_with('.'));
    members.take_while(|member| USUAL.contains(&member.trim_end_matches('.'))).map(str::len).sum()
}

#[cfg(test)]
mod tests {
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
                    assert_eq!(choose(names.into_iter()), Ok(prefix.as_str()), "{stem} {beside:?}");
                }
            }
            // A usual member counts only as a whole.
            let glued = format!("my.own_{stem}");
            assert_eq!(choose([glued.as_str()].into_iter()), Ok(""));
        }
    }

    #[test]
    fn of_several_networks_one_comes_first_or_all_are_named() {
        for (prefixes, expected) in [
            (&["state_dict.", "state_dict_ema."][..], Ok("state_dict.")),
            (&["state_dict_ema."], Ok("state_dict_ema.")),
            (&["model_ema.", "model."], Ok("model.")),
            (&["model.", "ema_model."], Ok("model.")),
            (&["", "teacher."], Ok("")),
            (&["state_dict.mine.", "state_dict_ema.mine."], Ok("state_dict.mine.")),
            (&["state_dict.model.", "state_dict.ema_model."], Ok("state_dict.model.")),
            (&["student.", "teacher."], Ok("student.")),
            (&["module.encoder_q.", "module.encoder_k."], Err(["module.encoder_k.", "module.encoder_q."])),
            (&["left.", "right."], Err(["left.", "right."])),
        ] {
            let names: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}conv_stem.weight")).collect();
            let chosen = choose(names.iter().map(String::as_str));
            assert_eq!(chosen, expected.map_err(|prefixes| prefixes.map(str::to_owned).to_vec()));
        }
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
            assert_eq!(choose(names.iter().copied()), Ok(expected), "{names:?}");
        }
    }
}
