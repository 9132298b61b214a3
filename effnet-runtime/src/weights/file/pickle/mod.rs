//! Python's pickles, protocols 0 to 5, read without running anything.
//!
//! A pickle is a program for a machine with a stack. The machine here ([`machine`]) builds inert values ([`value`]): a
//! class is its name, and a call is a note of what was to be called with what. Whoever reads a pickle decides which
//! notes mean something to him.
//!
//! Values refer to each other by number, so that a value that many others hold is there once, a list that holds itself
//! is harmless, and nothing recurses, neither to build nor to drop. Memory is bounded by [`limits`].

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

/// What a pickle describes.
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads one pickle off the front of `input`, which then begins behind it.
    pub(super) fn read(input: &mut &'a [u8]) -> Result<Self, PickleError> {
        machine::Machine::new(input).run()
    }

    /// The object that was pickled.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        Node::new(self, self.root)
    }

    fn value(&self, id: Id) -> &Value<'a> {
        &self.values[id.index()]
    }
}

#[cfg(test)]
mod tests;
