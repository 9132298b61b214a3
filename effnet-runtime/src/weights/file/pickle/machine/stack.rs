//! The machine's stack, its marks and its memo.

use super::super::value::{Id, Value};
use super::{Machine, Result};

impl<'a> Machine<'_, 'a> {
    /// Height of the stack at the last mark: only an instruction that asks for a mark takes values from below.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Result<Id> {
        match self.stack.last() {
            Some(id) if self.stack.len() > self.floor() => Ok(*id),
            _ => Err(self.nonsense("the stack is empty")),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// A mark counts as a member of the stack.
    pub(super) fn pop_or_mark(&mut self) -> Result<()> {
        match self.marks.last() {
            Some(mark) if *mark == self.stack.len() => drop(self.marks.pop()),
            _ => drop(self.pop()?),
        }
        Ok(())
    }

    /// Pops the last mark and everything above it.
    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| self.nonsense("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    pub(super) fn new_value(&mut self, value: Value<'a>) -> Id {
        let id = Id::next(self.values.len());
        self.values.push(value);
        id
    }

    pub(super) fn push(&mut self, value: Value<'a>) {
        let id = self.new_value(value);
        self.stack.push(id);
    }

    pub(super) fn opaque(&mut self) {
        self.stack.push(Id::OPAQUE);
    }

    pub(super) fn push_or_opaque(&mut self, value: Option<Value<'a>>) {
        match value {
            Some(value) => self.push(value),
            None => self.opaque(),
        }
    }

    pub(super) fn memoize(&mut self, key: u64) -> Result<()> {
        self.memo.insert(key, self.top()?);
        Ok(())
    }

    pub(super) fn recall(&mut self, key: u64) -> Result<()> {
        let id = *self.memo.get(&key).ok_or_else(|| self.nonsense("it recalls what it never noted"))?;
        self.stack.push(id);
        Ok(())
    }
}
