//! A typed view of a pickle's values.

use super::Pickle;
use super::value::{Id, Value};

/// A value, with the pickle that contains it.
#[derive(Clone, Copy)]
pub(in super::super) struct Node<'p, 'a> {
    pickle: &'p Pickle<'a>,
    id: Id,
}

impl<'p, 'a> Node<'p, 'a> {
    pub(super) fn new(pickle: &'p Pickle<'a>, id: Id) -> Self {
        Self { pickle, id }
    }

    /// The value's identity: a value that several others contain has one id.
    pub(in super::super) fn id(self) -> Id {
        self.id
    }

    fn value(self) -> &'p Value<'a> {
        self.pickle.value(self.id)
    }

    fn other(self, id: Id) -> Self {
        Self { id, ..self }
    }

    pub(in super::super) fn text(self) -> Option<&'p str> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(in super::super) fn number(self) -> Option<usize> {
        match self.value() {
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Members of a tuple or a list.
    pub(in super::super) fn members(self) -> Option<impl ExactSizeIterator<Item = Self>> {
        match self.value() {
            Value::Tuple(members) | Value::List(members) => Some(members.iter().map(move |id| self.other(*id))),
            _ => None,
        }
    }

    /// Module and name of a class or a function.
    pub(in super::super) fn class(self) -> Option<(&'p str, &'p str)> {
        match self.value() {
            Value::Class { module, name } => Some((self.other(*module).text()?, self.other(*name).text()?)),
            _ => None,
        }
    }

    /// The reference to something outside the pickle.
    pub(in super::super) fn persistent(self) -> Option<Self> {
        match self.value() {
            Value::Persistent(name) => Some(self.other(*name)),
            _ => None,
        }
    }

    /// A call's callable and arguments.
    pub(in super::super) fn call(self) -> Option<(Self, Self)> {
        match self.value() {
            Value::Object(object) => Some((self.other(object.callable), self.other(object.args))),
            _ => None,
        }
    }

    /// The state to restore an object from.
    pub(in super::super) fn state(self) -> Option<Self> {
        match self.value() {
            Value::Object(object) => object.state.map(|id| self.other(id)),
            _ => None,
        }
    }

    /// Keys and values of a dictionary of any class.
    pub(in super::super) fn entries(self) -> Option<impl Iterator<Item = (Self, Self)>> {
        let entries = match self.value() {
            Value::Dict(entries) => entries,
            Value::Object(object) if !object.items.is_empty() => &object.items,
            _ => return None,
        };
        Some(entries.iter().map(move |(key, value)| (self.other(*key), self.other(*value))))
    }
}
