//! What a pickle's instructions leave behind.

use std::borrow::Cow;

/// The number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Id(u32);

impl Id {
    /// The value that stands for all that nobody looks at.
    pub(super) const OPAQUE: Self = Self(0);

    /// That of the value which is added to `len` others: [few enough](super::limits::VALUES) to be counted.
    pub(super) fn next(len: usize) -> Self {
        Self(len as u32)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value. Texts borrow from the pickle where it holds them as they are.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `None`, a truth value, a float, an integer beyond 64 bits, bytes, or a set: nothing that describes a tensor.
    Opaque,
    Int(i64),
    Text(Cow<'a, str>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or a function.
    Class {
        module: Id,
        name: Id,
    },
    /// Something outside the pickle, such as a tensor's numbers, and how it is called there.
    Persistent(Id),
    Object(Box<Object>),
}

/// What a call would have given.
#[derive(Debug)]
pub(super) struct Object {
    /// What was to be called.
    pub(super) callable: Id,
    /// The positional arguments: a tuple.
    pub(super) args: Id,
    /// What it was to be restored from.
    pub(super) state: Option<Id>,
    /// What was set in it by key, as in a dictionary.
    pub(super) items: Vec<(Id, Id)>,
}
