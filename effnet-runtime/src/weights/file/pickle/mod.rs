//! Python's pickles, protocols 0 to 5, read without running anything.
//!
//! A pickle is a program for a stack machine. The machine here ([`machine`]) builds inert values ([`value`]): a class
//! is its name, and a call is a note of its callable and arguments. The reader of a pickle decides which notes mean
//! something.
//!
//! Values refer to each other by number: a value that many others contain exists once, a list that contains itself is
//! harmless, and neither building nor dropping recurses. Memory is bounded by [`limits`].

mod error;
mod input;
mod limits;
mod machine;
mod node;
mod opcode;
mod value;

pub(super) use error::PickleError;
pub(super) use node::Node;
use value::{Id, Value};

/// The values that a pickle describes.
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads one pickle from the front of `input`, and advances it past the pickle.
    pub(super) fn read(input: &mut &'a [u8]) -> Result<Self, PickleError> {
        machine::Machine::new(input).run()
    }

    /// The object that was pickled.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        Node::new(self, self.root)
    }

    /// All values, also those that the object does not contain.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'_, 'a>> {
        (0..self.values.len()).map(|at| Node::new(self, Id::next(at)))
    }

    fn value(&self, id: Id) -> &Value<'a> {
        &self.values[id.index()]
    }
}

#[cfg(test)]
mod tests;
