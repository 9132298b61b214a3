//! A space as its text says it.

use std::fmt;
use std::marker::PhantomData;

use effnet_spec::{Error as SpecError, MAX_BLOCKS, Operator, Place, Row, Settings, Spec};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::gene::{Gene, GeneKind};
use super::limits::Limits;
use crate::search::error::{Error, Result};

/// The whole text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Channels out of the stem.
    stem: usize,
    /// Squeeze-and-excitation of MBConv.
    se_ratio: f64,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(rename = "stage")]
    pub(super) stages: Vec<Stage>,
}

/// A stage and its choices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stage {
    stride: usize,
    #[serde(deserialize_with = "choices")]
    pub(super) operator: Vec<Operator>,
    #[serde(deserialize_with = "choices")]
    pub(super) layers: Vec<usize>,
    #[serde(deserialize_with = "choices")]
    pub(super) kernel: Vec<usize>,
    #[serde(deserialize_with = "choices")]
    pub(super) expansion: Vec<usize>,
    #[serde(deserialize_with = "choices")]
    pub(super) width: Vec<usize>,
}

/// A stage with its choices made: positions in the lists of [`Stage`], in their order.
pub(super) type Choice = [usize; 5];

impl File {
    /// Reads a text; `space` names it in errors.
    pub(super) fn parse(space: &str, text: &str) -> Result<Self> {
        let wrong = |place: String, what: String| Error::Space { space: space.to_owned(), place, what };
        let file: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            wrong(format!("line {line}"), error.message().split_whitespace().collect::<Vec<_>>().join(" "))
        })?;
        file.check().map_err(|(place, what)| wrong(place, what))?;
        Ok(file)
    }

    /// The network of these choices, one for each stage.
    pub(super) fn spec(&self, name: &str, choices: impl IntoIterator<Item = Choice>) -> Spec {
        let mut channels = self.stem;
        let rows = self.stages.iter().zip(choices).map(|(stage, [operator, layers, kernel, expansion, width])| {
            let (operator, out) = (stage.operator[operator], stage.width[width]);
            let se_ratio = if operator == Operator::MbConv { self.se_ratio } else { 0.0 };
            let (repeats, kernel, expansion) = (stage.layers[layers], stage.kernel[kernel], stage.expansion[expansion]);
            let taken = std::mem::replace(&mut channels, out);
            Row::new(repeats, kernel, stage.stride, expansion, taken, out, operator, se_ratio)
        });
        let rows: Vec<Row> = rows.collect();
        Spec { name: name.to_owned().into(), rows: rows.into(), settings: self.settings.clone() }
    }

    /// The first mistake: its place, and a sentence.
    fn check(&self) -> std::result::Result<(), (String, String)> {
        if self.stages.is_empty() {
            return Err(("its stages".to_owned(), "there is none: write `[[stage]]` for each".to_owned()));
        }
        if self.stem == 0 {
            return Err(("`stem`".to_owned(), "it is 0; it must be at least 1".to_owned()));
        }
        if let Some(limit) = self.limits.mistake() {
            return Err(("its limits".to_owned(), format!("`{limit}` must be above 0")));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            stage.check().map_err(|what| (format!("stage {}", index + 1), what))?;
        }
        let blocks = self.stages.iter().filter_map(|stage| stage.layers.iter().max());
        let blocks = blocks.fold(0_usize, |sum, layers| sum.saturating_add(*layers));
        if blocks > MAX_BLOCKS {
            let what = format!("with the most `layers` they have {blocks} blocks; a network has at most {MAX_BLOCKS}");
            return Err(("its stages".to_owned(), what));
        }
        let placed = |error: &SpecError<Place>| {
            let place = match error.place {
                Place::Row(row) | Place::Cell(row, _) | Place::Option(row, _) => format!("stage {}", row + 1),
                Place::Setting(_) => "its settings".to_owned(),
                Place::Table | Place::Limit(_) => "its stages".to_owned(),
            };
            (place, error.to_string())
        };
        // What one cell may be depends on the row's operator and on no other cell, so each choice is tried with each
        // operator; counts are largest where everything is.
        let networks = self.each_choice().chain([self.largest()]);
        let mistake = networks.flat_map(|choices| self.spec("", choices).validate()).next();
        mistake.map_or(Ok(()), |error| Err(placed(&error)))
    }

    /// Networks that have each choice of each stage beside each of its operators.
    fn each_choice(&self) -> impl Iterator<Item = Vec<Choice>> {
        self.stages.iter().enumerate().flat_map(move |(index, stage)| {
            let [_, lists @ ..] = stage.lengths();
            (0..stage.operator.len()).flat_map(move |operator| {
                lists.into_iter().enumerate().flat_map(move |(gene, length)| {
                    (0..length).map(move |choice| {
                        let mut choices = vec![Choice::default(); self.stages.len()];
                        choices[index][0] = operator;
                        choices[index][1 + gene] = choice;
                        choices
                    })
                })
            })
        })
    }

    /// The network with the largest of each number. Dense kernels cost the most.
    fn largest(&self) -> Vec<Choice> {
        let largest = |list: &[usize]| (0..list.len()).max_by_key(|&at| list[at]).unwrap_or_default();
        let choices = self.stages.iter().map(|stage| {
            let operator = stage.operator.iter().position(|operator| *operator != Operator::MbConv).unwrap_or_default();
            let [layers, kernel, expansion, width] =
                [&stage.layers, &stage.kernel, &stage.expansion, &stage.width].map(|list| largest(list));
            [operator, layers, kernel, expansion, width]
        });
        choices.collect()
    }
}

impl Stage {
    /// The choices, in the order of [`GeneKind::ALL`] and of a [`Choice`].
    pub(super) fn genes(&self, stage: usize) -> [Gene; 5] {
        fn written<T: fmt::Display>(list: &[T]) -> Vec<String> {
            list.iter().map(T::to_string).collect()
        }
        GeneKind::ALL.map(|kind| {
            let choices = match kind {
                GeneKind::Operator => written(&self.operator),
                GeneKind::Layers => written(&self.layers),
                GeneKind::Kernel => written(&self.kernel),
                GeneKind::Expansion => written(&self.expansion),
                GeneKind::Width => written(&self.width),
            };
            Gene { stage, kind, choices }
        })
    }

    /// How many choices there are of each thing.
    pub(super) fn lengths(&self) -> Choice {
        let Self { operator, layers, kernel, expansion, width, .. } = self;
        [operator.len(), layers.len(), kernel.len(), expansion.len(), width.len()]
    }

    /// What is wrong, whatever the other stages and the operators.
    fn check(&self) -> std::result::Result<(), String> {
        let names: Vec<&str> = self.operator.iter().map(|operator| operator.name()).collect();
        distinct("operator", &names)?;
        let Self { layers, kernel, expansion, width, .. } = self;
        for (name, list) in [("layers", layers), ("kernel", kernel), ("expansion", expansion), ("width", width)] {
            distinct(name, list)?;
            if list.contains(&0) {
                return Err(format!("`{name}` has 0; it must be at least 1"));
            }
        }
        Ok(())
    }
}

/// Checks that a list has choices, and none of them twice.
fn distinct<T: PartialEq + fmt::Display>(name: &str, list: &[T]) -> std::result::Result<(), String> {
    if list.is_empty() || list.len() > usize::from(u16::MAX) {
        return Err(format!("`{name}` has {} choices; it must have 1 to {}", list.len(), u16::MAX));
    }
    let twice = list.iter().enumerate().find(|(at, choice)| list[..*at].contains(choice));
    twice.map_or(Ok(()), |(_, choice)| Err(format!("`{name}` has {choice} twice; once is enough")))
}

/// One choice, or a list of them.
fn choices<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> std::result::Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(Choices(PhantomData))
}

struct Choices<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Choices<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a choice, or a list of choices such as [3, 5] or [\"mbconv\", \"fused\"]")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<Vec<T>, E> {
        Ok(vec![T::deserialize(value.into_deserializer())?])
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<Vec<T>, E> {
        Ok(vec![T::deserialize(value.into_deserializer())?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> std::result::Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}
