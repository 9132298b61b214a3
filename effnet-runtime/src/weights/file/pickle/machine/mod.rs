//! The stack machine that a pickle is a program for.

mod stack;
mod values;

use std::collections::HashMap;

use super::error::PickleError;
use super::input::{Input, unescape};
use super::value::{Id, Value};
use super::{Pickle, limits, opcode as op};

type Result<T> = std::result::Result<T, PickleError>;

/// A machine in the middle of a program.
pub(super) struct Machine<'i, 'a> {
    input: Input<'i, 'a>,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    /// Offset of the current instruction.
    at: usize,
}

impl<'i, 'a> Machine<'i, 'a> {
    pub(super) fn new(rest: &'i mut &'a [u8]) -> Self {
        Self {
            input: Input::new(rest),
            // The values of `Id::OPAQUE`, `Id::FALSE` and `Id::TRUE`, however often a pickle has them.
            values: vec![Value::Opaque, Value::Truth(false), Value::Truth(true)],
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            at: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle<'a>> {
        while self.values.len() + self.memo.len() <= limits::VALUES {
            self.at = self.input.at();
            let code = self.input.byte()?;
            if code == op::STOP {
                let root = self.pop()?;
                return Ok(Pickle { values: self.values, root });
            }
            self.step(code)?;
        }
        Err(PickleError::TooLarge)
    }

    fn step(&mut self, code: u8) -> Result<()> {
        match code {
            op::PROTO => match self.input.byte()? {
                protocol if protocol > limits::PROTOCOL => return Err(PickleError::Protocol(protocol)),
                _ => {}
            },
            op::FRAME => {
                let length = self.input.number::<8>()?;
                if length > self.input.left() as u64 {
                    return Err(PickleError::Short);
                }
            }

            op::MARK => self.marks.push(self.stack.len()),
            op::POP => self.pop_or_mark()?,
            op::POP_MARK => drop(self.pop_mark()?),
            op::DUP => self.top().map(|top| self.stack.push(top))?,
            op::PUT => self.decimal().and_then(|key| self.memoize(key))?,
            op::BINPUT => self.input.number::<1>().and_then(|key| self.memoize(key))?,
            op::LONG_BINPUT => self.input.number::<4>().and_then(|key| self.memoize(key))?,
            op::MEMOIZE => self.memoize(self.memo.len() as u64)?,
            op::GET => self.decimal().and_then(|key| self.recall(key))?,
            op::BINGET => self.input.number::<1>().and_then(|key| self.recall(key))?,
            op::LONG_BINGET => self.input.number::<4>().and_then(|key| self.recall(key))?,

            op::NONE | op::EMPTY_SET => self.opaque(),
            op::NEWFALSE => self.stack.push(Id::FALSE),
            op::NEWTRUE => self.stack.push(Id::TRUE),
            op::FLOAT => self.skip(|input| input.line())?,
            op::BINFLOAT => self.skip(|input| input.bytes(8))?,
            op::SHORT_BINBYTES => self.skip(Input::counted::<1>)?,
            op::BINBYTES => self.skip(Input::counted::<4>)?,
            op::BINBYTES8 | op::BYTEARRAY8 => self.skip(Input::counted::<8>)?,
            op::BININT1 => self.unsigned::<1>()?,
            op::BININT2 => self.unsigned::<2>()?,
            op::BININT => self.input.array().map(|bytes| self.push(Value::Int(i32::from_le_bytes(bytes).into())))?,
            op::LONG1 => self.long::<1>()?,
            op::LONG4 => self.long::<4>()?,
            op::INT | op::LONG => {
                let line = std::str::from_utf8(self.input.line()?).map_err(|_| self.nonsense("a number is none"))?;
                // `00` and `01` are truth values; an integer of protocol 0 may have any length.
                let number = line.trim_end_matches('L').parse().ok().filter(|_| !matches!(line, "00" | "01"));
                self.push_or_opaque(number.map(Value::Int));
            }

            op::UNICODE => self.input.line().map(|line| self.push_or_opaque(unescape(line).map(Value::Text)))?,
            op::SHORT_BINUNICODE | op::SHORT_BINSTRING => self.text::<1>()?,
            op::BINUNICODE | op::BINSTRING => self.text::<4>()?,
            op::BINUNICODE8 => self.text::<8>()?,
            op::STRING => {
                // Python 2 wrote these, in quotes.
                let line = self.input.line()?;
                let text = line.get(1..line.len().saturating_sub(1)).unwrap_or_default();
                let plain = std::str::from_utf8(text).ok().filter(|text| !text.contains('\\'));
                self.push_or_opaque(plain.map(|text| Value::Text(text.into())));
            }

            op::EMPTY_TUPLE => self.push(Value::Tuple(Vec::new())),
            op::TUPLE1 => self.tuple(1)?,
            op::TUPLE2 => self.tuple(2)?,
            op::TUPLE3 => self.tuple(3)?,
            op::TUPLE => self.pop_mark().map(|members| self.push(Value::Tuple(members)))?,
            op::EMPTY_LIST => self.push(Value::List(Vec::new())),
            op::LIST => self.pop_mark().map(|members| self.push(Value::List(members)))?,
            op::APPEND => self.pop().and_then(|member| self.append(vec![member]))?,
            op::APPENDS => self.pop_mark().and_then(|members| self.append(members))?,
            op::FROZENSET => self.pop_mark().map(|_| self.opaque())?,
            op::ADDITEMS => self.pop_mark().and_then(|_| self.top()).map(drop)?,
            op::EMPTY_DICT => self.push(Value::Dict(Vec::new())),
            op::DICT => {
                let flat = self.pop_mark()?;
                self.push(Value::Dict(Vec::new()));
                self.set_items(&flat)?;
            }
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            op::SETITEMS => self.pop_mark().and_then(|flat| self.set_items(&flat))?,

            op::GLOBAL => self.class_of_lines().map(|class| self.stack.push(class))?,
            op::STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                self.push(Value::Class { module, name });
            }
            op::PERSID => {
                let line = self.input.line()?;
                let name = self.new_text(line);
                self.push(Value::Persistent(name));
            }
            op::BINPERSID => self.pop().map(|name| self.push(Value::Persistent(name)))?,
            op::REDUCE | op::NEWOBJ => {
                let (args, callable) = (self.pop()?, self.pop()?);
                self.object(callable, args);
            }
            op::NEWOBJ_EX => {
                let (_by_name, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.object(callable, args);
            }
            op::INST => {
                let callable = self.class_of_lines()?;
                let args = self.pop_mark()?;
                self.instance(callable, args);
            }
            op::OBJ => {
                let mut args = self.pop_mark()?;
                if args.is_empty() {
                    return Err(self.nonsense("an object has no class"));
                }
                let callable = args.remove(0);
                self.instance(callable, args);
            }
            op::BUILD => {
                let state = self.pop()?;
                let object = self.top()?;
                match &mut self.values[object.index()] {
                    Value::Object(object) => object.state = Some(state),
                    _ => return Err(self.nonsense("something that is no object has a state")),
                }
            }

            code => return Err(self.unknown(code)),
        }
        Ok(())
    }

    fn nonsense(&self, what: &'static str) -> PickleError {
        PickleError::Nonsense { at: self.at, what }
    }

    fn unknown(&self, code: u8) -> PickleError {
        match op::OUTSIDE.into_iter().find(|(outside, _)| *outside == code) {
            Some((_, name)) => PickleError::Outside { name, at: self.at },
            None => PickleError::UnknownOp { code, at: self.at },
        }
    }
}
