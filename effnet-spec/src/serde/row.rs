//! A row as `[2, 3, 1, 1, 24, 24, "fused", 0.0]`, read from a block string too.

use std::fmt;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Row;
use crate::mistake::row_forms;

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = self;
        (repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio).serialize(serializer)
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
        let row = Row {
            repeats: cell(&mut cells, 0)?,
            kernel: cell(&mut cells, 1)?,
            stride: cell(&mut cells, 2)?,
            expansion: cell(&mut cells, 3)?,
            in_channels: cell(&mut cells, 4)?,
            out_channels: cell(&mut cells, 5)?,
            operator: cell(&mut cells, 6)?,
            se_ratio: cell(&mut cells, 7)?,
        };
        match cells.next_element::<IgnoredAny>()? {
            Some(_) => Err(A::Error::invalid_length(9, &self)),
            None => Ok(row),
        }
    }
}

fn cell<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(cells: &mut A, index: usize) -> Result<T, A::Error> {
    cells.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &RowVisitor))
}
