//! The values that a pickle's instructions build.

use std::borrow::Cow;

/// The number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Id(u32);

impl Id {
    /// The value that stands for everything opaque.
    pub(super) const OPAQUE: Self = Self(0);
    pub(super) const FALSE: Self = Self(1);
    pub(super) const TRUE: Self = Self(2);

    /// The id of the value added to `len` others, which are [few enough](super::limits::VALUES) to be numbered.
    pub(super) fn next(len: usize) -> Self {
        Self(len as u32)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value. Texts borrow from the pickle where it stores them verbatim.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `None`, a float, an integer beyond 64 bits, bytes, or a set: nothing that describes a tensor.
    Opaque,
    /// A truth value.
    Truth(bool),
    /// An integer of up to 64 bits.
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A dictionary's keys and values.
    Dict(Vec<(Id, Id)>),
    /// A class or a function.
    Class { module: Id, name: Id },
    /// A reference to something outside the pickle, such as a tensor's numbers.
    Persistent(Id),
    /// A call, and what was done to the result.
    Object(Box<Object>),
}

/// A note of a call: what it would have returned.
#[derive(Debug)]
pub(super) struct Object {
    /// The function or class called.
    pub(super) callable: Id,
    /// The positional arguments: a tuple.
    pub(super) args: Id,
    /// The state to restore it from.
    pub(super) state: Option<Id>,
    /// The items set in it, as in a dictionary.
    pub(super) items: Vec<(Id, Id)>,
}
