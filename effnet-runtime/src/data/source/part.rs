/// A part of a data set, as its maker divided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Val,
    Test,
}

/// The parts' names, in the order of the parts. The first is the one in the documentation.
const NAMES: [(Part, &[&str]); 3] = [
    (Part::Train, &["train", "training", "trainval"]),
    (Part::Val, &["val", "valid", "validation", "dev", "eval", "evaluation"]),
    (Part::Test, &["test", "testing"]),
];

/// Words after a part's name that mean nothing: `training_set`.
const FILLERS: [&str; 9] = ["data", "dataset", "folder", "image", "images", "img", "imgs", "set", "split"];

impl Part {
    /// The name in the documentation.
    pub(super) fn name(self) -> &'static str {
        let (_, names) = NAMES[self as usize];
        names[0]
    }

    /// The part that a name means, in any case: `Train`, `validation_set`, `test images`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::behind(name).and_then(|(set, part)| set.is_empty().then_some(part))
    }

    /// The part that the end of a name means, after the data set's own, as in `seg_train`: that name and the part.
    pub(super) fn behind(name: &str) -> Option<(String, Self)> {
        let name = name.to_ascii_lowercase();
        let mut words: Vec<&str> = name.split(['_', '-', ' ', '.']).filter(|word| !word.is_empty()).collect();
        while words.len() > 1 && words.last().is_some_and(|last| FILLERS.contains(last)) {
            words.pop();
        }
        let last = words.pop()?;
        let last = last.strip_suffix("set").unwrap_or(last);
        let (part, _) = NAMES.iter().find(|(_, names)| names.contains(&last))?;
        Some((words.join("_"), *part))
    }

    /// The part named in front of a shard's number: `imagenet-val-000012.tar`.
    pub(super) fn of_shard(name: &str) -> Option<Self> {
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let stem = stem.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_' || letter == '-');
        Self::behind(stem).map(|(_, part)| part)
    }

    /// Picks this part's folder among those that may be it: the one with the documentation's name, or the only one.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the folders' place: what is wrong and what to do.
    pub(super) fn pick<'a>(self, names: &[&'a str]) -> Result<Option<&'a str>, String> {
        match names {
            [] => Ok(None),
            [name] => Ok(Some(name)),
            [first, second, ..] => match names.iter().find(|name| **name == self.name()) {
                Some(name) => Ok(Some(name)),
                None => Err(format!(
                    "has {first} and {second}, of which either may be the part {0}: name one {0}",
                    self.name()
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part::{self, Test, Train, Val};

    #[test]
    fn parts_are_known_by_their_usual_names() {
        let named: [(&[&str], Part); 3] = [
            (&["train", "Train", "TRAIN", "training", "Training", "Training_Set", "train-images", "trainset"], Train),
            (&["val", "Val", "VALID", "valid", "Validation", "validation_data", "dev", "eval", "Evaluation"], Val),
            (&["test", "Test", "TESTING", "testset", "test set", "test.images"], Test),
        ];
        for (names, part) in named {
            for name in names {
                assert_eq!(Part::named(name), Some(part), "{name}");
            }
        }
        for class in ["cat", "trainer", "train station", "bullet_train", "testbed", "set", "images", "", "_", "valley"]
        {
            assert_eq!(Part::named(class), None, "{class}");
        }
        assert_eq!(Part::behind("seg_train"), Some(("seg".to_owned(), Train)));
        assert_eq!(Part::behind("train_seg"), None);
        for (name, part) in [
            ("train-000012.tar", Some(Train)),
            ("imagenet-validation-0.tar", Some(Val)),
            ("test.tar", Some(Test)),
            ("n01440764.tar", None),
            ("0001.tar", None),
        ] {
            assert_eq!(Part::of_shard(name), part, "{name}");
        }
    }
}
