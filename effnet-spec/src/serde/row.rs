//! A row as `[2, 3, 1, 1, 24, 24, "fused", 0.0]`, with options as `[…, "_", …, { expanded = 96 }]`, read from a block string
//! too.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, IntoDeserializer, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mistake::row_forms;
use crate::{Activation, Column, Expansion, Mistake, Operator, Row, RowOption, Squeeze};

/// What a cell has where an option says the number.
const LEFT_OUT: &str = "_";

/// A row's options. The default is that of a row without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a row's options, such as { shortcut: false }")]
struct Options {
    #[serde(skip_serializing_if = "Option::is_none")]
    same_stage: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shortcut: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expand_conv: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    squeezed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_activation: Option<bool>,
}

impl Options {
    fn of(row: &Row) -> Self {
        let plain = Row::new(0, 0, 0, 0, 0, 0, row.operator, 0.0);
        let flag = |value: bool, default: bool| (value != default).then_some(value);
        Self {
            same_stage: flag(row.same_stage, plain.same_stage),
            shortcut: flag(row.shortcut, plain.shortcut),
            expanded: match row.expansion {
                Expansion::Channels(channels) => Some(channels),
                Expansion::Ratio(_) => None,
            },
            expand_conv: flag(row.expand_conv, plain.expand_conv),
            squeezed: match row.squeeze {
                Squeeze::Channels(channels) => Some(channels),
                Squeeze::Ratio(_) => None,
            },
            activation: row.activation,
            project_activation: flag(row.project_activation, plain.project_activation),
        }
    }
}

/// A cell that an option may stand for: `None` where it is left out.
struct Cell<T>(Option<T>);

/// The one of a cell and its option that a row has.
enum Either<T> {
    Cell(T),
    Option(usize),
}

impl<T> Cell<T> {
    fn or<E: Error>(self, column: Column, option: RowOption, value: Option<usize>) -> Result<Either<T>, E> {
        match (self.0, value) {
            (Some(number), None) => Ok(Either::Cell(number)),
            (None, Some(channels)) => Ok(Either::Option(channels)),
            (None, None) => Err(E::custom(Mistake::LeftOut { column, option })),
            (Some(_), Some(_)) => Err(E::custom(Mistake::CellAndOption { column, option })),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Cell<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor(PhantomData))
    }
}

struct CellVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for CellVisitor<T> {
    type Value = Cell<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or \"_\" where an option says it")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Cell<T>, E> {
        T::deserialize(value.into_deserializer()).map(|number| Cell(Some(number)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Cell<T>, E> {
        T::deserialize(value.into_deserializer()).map(|number| Cell(Some(number)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Cell<T>, E> {
        T::deserialize(value.into_deserializer()).map(|number| Cell(Some(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cell<T>, E> {
        if text == LEFT_OUT { Ok(Cell(None)) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = Some(Options::of(self)).filter(|options| *options != Options::default());
        let mut cells = serializer.serialize_seq(Some(8 + usize::from(options.is_some())))?;
        cells.serialize_element(&self.repeats)?;
        cells.serialize_element(&self.kernel)?;
        cells.serialize_element(&self.stride)?;
        match self.expansion {
            Expansion::Ratio(ratio) => cells.serialize_element(&ratio)?,
            Expansion::Channels(_) => cells.serialize_element(LEFT_OUT)?,
        }
        cells.serialize_element(&self.in_channels)?;
        cells.serialize_element(&self.out_channels)?;
        cells.serialize_element(&self.operator)?;
        match self.squeeze {
            Squeeze::Ratio(ratio) => cells.serialize_element(&ratio)?,
            Squeeze::Channels(_) => cells.serialize_element(LEFT_OUT)?,
        }
        if let Some(options) = options {
            cells.serialize_element(&options)?;
        }
        cells.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of eight cells, {}", row_forms())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Row, E> {
        Row::from_block_string(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Row, A::Error> {
        let repeats = cell(&mut cells, 0)?;
        let kernel = cell(&mut cells, 1)?;
        let stride = cell(&mut cells, 2)?;
        let expansion: Cell<usize> = cell(&mut cells, 3)?;
        let in_channels = cell(&mut cells, 4)?;
        let out_channels = cell(&mut cells, 5)?;
        let operator: Operator = cell(&mut cells, 6)?;
        let squeeze: Cell<f64> = cell(&mut cells, 7)?;
        let options: Options = cells.next_element()?.unwrap_or_default();
        if cells.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::invalid_length(10, &self));
        }
        let plain = Row::new(repeats, kernel, stride, 0, in_channels, out_channels, operator, 0.0);
        Ok(Row {
            expansion: match expansion.or(Column::Expansion, RowOption::Expanded, options.expanded)? {
                Either::Cell(ratio) => Expansion::Ratio(ratio),
                Either::Option(channels) => Expansion::Channels(channels),
            },
            squeeze: match squeeze.or(Column::SeRatio, RowOption::Squeezed, options.squeezed)? {
                Either::Cell(ratio) => Squeeze::Ratio(ratio),
                Either::Option(channels) => Squeeze::Channels(channels),
            },
            shortcut: options.shortcut.unwrap_or(plain.shortcut),
            expand_conv: options.expand_conv.unwrap_or_default(),
            activation: options.activation,
            project_activation: options.project_activation.unwrap_or_default(),
            same_stage: options.same_stage.unwrap_or_default(),
            ..plain
        })
    }
}

fn cell<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(cells: &mut A, index: usize) -> Result<T, A::Error> {
    cells.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &RowVisitor))
}
