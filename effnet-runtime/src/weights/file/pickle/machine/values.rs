//! Instructions that turn arguments and the stack into values.

use super::super::input::{Input, signed};
use super::super::value::{Id, Object, Value};
use super::{Machine, Result};

impl<'i, 'a> Machine<'i, 'a> {
    pub(super) fn skip(&mut self, read: impl FnOnce(&mut Input<'i, 'a>) -> Result<&'a [u8]>) -> Result<()> {
        read(&mut self.input)?;
        self.opaque();
        Ok(())
    }

    pub(super) fn decimal(&mut self) -> Result<u64> {
        let line = std::str::from_utf8(self.input.line()?).ok();
        line.and_then(|line| line.parse::<u32>().ok()).map(u64::from).ok_or_else(|| self.nonsense("a number is none"))
    }

    pub(super) fn unsigned<const N: usize>(&mut self) -> Result<()> {
        let number = self.input.number::<N>()?;
        self.push(Value::Int(number as i64));
        Ok(())
    }

    pub(super) fn long<const N: usize>(&mut self) -> Result<()> {
        let bytes = self.input.counted::<N>()?;
        self.push_or_opaque(signed(bytes).map(Value::Int));
        Ok(())
    }

    pub(super) fn text<const N: usize>(&mut self) -> Result<()> {
        let bytes = self.input.counted::<N>()?;
        // Python 2 wrote bytes as strings, and Python 3 writes lone surrogates.
        self.push_or_opaque(std::str::from_utf8(bytes).ok().map(|text| Value::Text(text.into())));
        Ok(())
    }

    pub(super) fn new_text(&mut self, bytes: &'a [u8]) -> Id {
        self.new_value(Value::Text(String::from_utf8_lossy(bytes)))
    }

    pub(super) fn class_of_lines(&mut self) -> Result<Id> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        let (module, name) = (self.new_text(module), self.new_text(name));
        Ok(self.new_value(Value::Class { module, name }))
    }

    pub(super) fn tuple(&mut self, members: usize) -> Result<()> {
        if self.stack.len() - self.floor() < members {
            return Err(self.nonsense("the stack is empty"));
        }
        let members = self.stack.split_off(self.stack.len() - members);
        self.push(Value::Tuple(members));
        Ok(())
    }

    pub(super) fn object(&mut self, callable: Id, args: Id) {
        self.push(Value::Object(Box::new(Object { callable, args, state: None, items: Vec::new() })));
    }

    /// A call of a class with these arguments.
    pub(super) fn instance(&mut self, class: Id, args: Vec<Id>) {
        let args = self.new_value(Value::Tuple(args));
        self.object(class, args);
    }

    /// Appends to a list. Members of other classes' lists are dropped.
    pub(super) fn append(&mut self, members: Vec<Id>) -> Result<()> {
        let list = self.top()?;
        match &mut self.values[list.index()] {
            Value::List(list) => list.extend(members),
            Value::Object(_) => {}
            _ => return Err(self.nonsense("something that is no list has members")),
        }
        Ok(())
    }

    /// Adds alternating keys and values to a dictionary of any class.
    pub(super) fn set_items(&mut self, flat: &[Id]) -> Result<()> {
        let dict = self.top()?;
        let items = match &mut self.values[dict.index()] {
            Value::Dict(items) => items,
            Value::Object(object) => &mut object.items,
            _ => return Err(self.nonsense("something that is no dictionary has entries")),
        };
        let (pairs, rest) = flat.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.nonsense("a key has no value"));
        }
        items.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }
}
