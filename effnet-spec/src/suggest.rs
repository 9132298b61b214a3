//! "Did you mean …?"

/// The candidate that `word` is most likely a misspelling of, if one is close: at most a third of its letters differ.
///
/// ```
/// assert_eq!(effnet_spec::suggest("mbonv", ["fused", "mbconv"]), Some("mbconv"));
/// assert_eq!(effnet_spec::suggest("conv", ["fused", "silu"]), None);
/// ```
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = candidates.into_iter().filter_map(|candidate| {
        let distance = distance(&word, candidate);
        (distance <= candidate.len() / 3).then_some((distance, candidate))
    });
    near.min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}

/// Names in backticks, for messages.
#[doc(hidden)]
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The end of a message about an unknown name: the one that was meant, if one is likely, and the list of all.
#[doc(hidden)]
pub fn expected(meant: Option<&str>, listed: &str) -> String {
    match meant {
        Some(meant) => format!("did you mean `{meant}`? Expected one of {listed}"),
        None => format!("expected one of {listed}"),
    }
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // rows[i][j] is the distance of the first i letters of `from` from the first j of `to`.
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn counts_edits() {
        for (from, to, edits) in
            [("", "", 0), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), edits, "{from} → {to}");
        }
    }

    #[test]
    fn finds_misspelt_settings() {
        let names = || Key::ALL.map(Key::name);
        for (word, meant) in [
            ("droput", "dropout"),
            ("drop_out", "dropout"),
            ("droppath", "drop_path"),
            ("Eval_Size", "eval_size"),
            ("num_feature", "num_features"),
            ("actvation", "activation"),
            ("maen", "mean"),
        ] {
            assert_eq!(suggest(word, names()), Some(meant));
        }
        assert_eq!(suggest("learning_rate", names()), None);
        assert_eq!(suggest("x", names()), None);
        assert_eq!(suggest("head", ["mean"]), None);
        assert_eq!(suggest("x", ["k", "M"]), None);
        assert_eq!(suggest("K", ["k", "M"]), Some("k"));
    }
}
