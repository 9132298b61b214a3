/// A part of a data set that its maker divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Val,
    Test,
}

/// What the parts are called; the first name is the one that the documentation has.
const NAMES: [(Part, &[&str]); 3] = [
    (Part::Train, &["train", "training", "trainval"]),
    (Part::Val, &["val", "valid", "validation", "dev", "eval", "evaluation"]),
    (Part::Test, &["test", "testing"]),
];

/// Words behind a part's name that say nothing: `training_set`.
const FILLERS: [&str; 9] = ["data", "dataset", "folder", "image", "images", "img", "imgs", "set", "split"];

impl Part {
    /// The name that the documentation has.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    /// The part that a name says, in capitals or not: `Train`, `validation_set`, `test images`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::behind(name).and_then(|(set, part)| set.is_empty().then_some(part))
    }

    /// The part that a name says at its end, behind the data set's own, as in `seg_train`: that one and the part.
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

    /// The part that a shard's name says in front of its number: `imagenet-val-000012.tar`.
    pub(super) fn of_shard(name: &str) -> Option<Self> {
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let stem = stem.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_' || letter == '-');
        Self::behind(stem).map(|(_, part)| part)
    }

    /// Which of the names of folders that may be this part is the one: the name that the documentation has, or the only
    /// one.
    ///
    /// # Errors
    /// What is wrong and what to do, as the rest of a sentence that begins with what holds the folders.
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
