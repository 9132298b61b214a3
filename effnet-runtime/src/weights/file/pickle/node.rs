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
        let Value::Text(text) = self.value() else { return None };
        Some(text)
    }

    /// A whole number that is not negative.
    pub(in super::super) fn number(self) -> Option<usize> {
        let Value::Int(number) = self.value() else { return None };
        usize::try_from(*number).ok()
    }

    pub(in super::super) fn truth(self) -> Option<bool> {
        let Value::Truth(truth) = self.value() else { return None };
        Some(*truth)
    }

    /// Members of a tuple or a list.
    pub(in super::super) fn members(self) -> Option<impl ExactSizeIterator<Item = Self>> {
        let (Value::Tuple(members) | Value::List(members)) = self.value() else { return None };
        Some(members.iter().map(move |id| self.other(*id)))
    }

    /// Module and name of a class or a function.
    pub(in super::super) fn class(self) -> Option<(&'p str, &'p str)> {
        let Value::Class { module, name } = self.value() else { return None };
        Some((self.other(*module).text()?, self.other(*name).text()?))
    }

    /// The reference to something outside the pickle.
    pub(in super::super) fn persistent(self) -> Option<Self> {
        let Value::Persistent(name) = self.value() else { return None };
        Some(self.other(*name))
    }

    /// A call's callable and arguments.
    pub(in super::super) fn call(self) -> Option<(Self, Self)> {
        let Value::Object(object) = self.value() else { return None };
        Some((self.other(object.callable), self.other(object.args)))
    }

    /// The state to restore an object from.
    pub(in super::super) fn state(self) -> Option<Self> {
        let Value::Object(object) = self.value() else { return None };
        object.state.map(|id| self.other(id))
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
