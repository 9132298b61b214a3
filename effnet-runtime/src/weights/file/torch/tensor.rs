//! Tensors as a pickle describes them: calls of a few functions in `torch._utils`, which are interpreted here and never
//! run.

use candle_core::DType;

use super::super::pickle::Node;
use super::super::{Place, Storage, Stored, TensorInfo};

/// The most dimensions of a tensor: more than any weight has.
const MAX_DIMS: usize = 8;

/// The most calls around the one that rebuilds a tensor: a parameter's, or a derived class's.
const MAX_AROUND: usize = 8;

/// Tells the place of the storage with a key; `None` if there is none.
pub(super) type Storages<'s> = dyn Fn(&str) -> Option<Storage> + 's;

/// The thing that a value of the pickle describes: a tensor or not.
pub(super) enum Described {
    /// Something other than a tensor.
    Other,
    Tensor(Stored),
    /// An inconsistent tensor: its storage is too short, or a number is negative.
    Impossible,
}

/// The thing that `value` describes.
pub(super) fn describe(value: Node<'_, '_>, storages: &Storages<'_>) -> Described {
    let mut value = value;
    for _ in 0..MAX_AROUND {
        let Some((callable, args)) = value.call() else { return Described::Other };
        let (Some(callable), Some(mut args)) = (callable.class(), args.members()) else { return Described::Other };
        match callable {
            callable if rebuilds(callable) => return rebuilt(args, storages),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => match args.next() {
                Some(data) => value = data,
                None => return Described::Impossible,
            },
            // (function that rebuilds, class, its arguments, state): the class adds nothing to the numbers.
            ("torch._tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => {
                let (function, arguments) = (args.next().and_then(Node::class), args.nth(1).and_then(Node::members));
                return match (function, arguments) {
                    (Some(function), Some(args)) if rebuilds(function) => rebuilt(args, storages),
                    (function, _) => unread(function.map_or("_rebuild_from_type", |(_, name)| name)),
                };
            }
            ("torch._utils", function) if function.starts_with("_rebuild_") && function.contains("tensor") => {
                return unread(function);
            }
            _ => return Described::Other,
        }
    }
    Described::Impossible
}

/// Whether a function makes a tensor of a storage.
fn rebuilds(function: (&str, &str)) -> bool {
    matches!(function, ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3"))
}

/// A tensor in a format that is not supported: quantised, sparse, nested.
fn unread(function: &str) -> Described {
    Described::Tensor(Stored::Unread(format!("a tensor that only PyTorch's `{function}` makes")))
}

/// The tensor of `(storage, offset, shape, strides, requires_grad, hooks, number format)`.
fn rebuilt<'p, 'a: 'p>(args: impl Iterator<Item = Node<'p, 'a>>, storages: &Storages<'_>) -> Described {
    stored(args, storages).map_or(Described::Impossible, Described::Tensor)
}

/// The tensor of these arguments; `None` where they are inconsistent.
fn stored<'p, 'a: 'p>(mut args: impl Iterator<Item = Node<'p, 'a>>, storages: &Storages<'_>) -> Option<Stored> {
    let storage = named_storage(args.next()?)?;
    let offset = args.next()?.number()?;
    let (shape, strides) = (numbers(args.next()?)?, numbers(args.next()?)?);
    if shape.len() != strides.len() {
        return None;
    }
    if storage.is_view {
        return Some(Stored::Unread("a view as PyTorch before 0.4 wrote it".to_owned()));
    }
    let (dtype, elements) = if storage.class == "UntypedStorage" {
        // The third version's storage counts bytes.
        let (_, format) = args.nth(2)?.class()?;
        match format {
            "float8_e4m3fn" => (DType::F8E4M3, storage.elements / DType::F8E4M3.size_in_bytes()),
            format => return Some(Stored::Unread(format.to_owned())),
        }
    } else {
        match of_storage(storage.class) {
            Some(dtype) => (dtype, storage.elements),
            None => return Some(Stored::Unread(storage.class.trim_end_matches("Storage").to_owned())),
        }
    };
    if last_element(offset, &shape, &strides)?.is_some_and(|last| last >= elements) {
        return None;
    }
    if shape.iter().product::<usize>() > elements {
        return Some(Stored::Unread("expanded from fewer numbers".to_owned()));
    }
    let place = Place::Strided { storage: storages(storage.key)?, offset, strides };
    Some(Stored::Readable(TensorInfo { dtype, shape, place }))
}

/// A storage as the pickle refers to it.
pub(super) struct NamedStorage<'p> {
    /// Its class in PyTorch, such as `FloatStorage`.
    class: &'p str,
    pub(super) key: &'p str,
    pub(super) elements: usize,
    /// Whether it is a part of another one.
    is_view: bool,
}

impl NamedStorage<'_> {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The class, if its elements have no known size.
    pub(super) fn length(&self) -> Result<u64, &str> {
        let size = match self.class {
            "CharStorage" | "UntypedStorage" | "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage"
            | "QUInt2x4Storage" => 1,
            "QInt32Storage" => 4,
            "ComplexFloatStorage" => 8,
            "ComplexDoubleStorage" => 16,
            class => of_storage(class).ok_or(class)?.size_in_bytes() as u64,
        };
        Ok((self.elements as u64).saturating_mul(size))
    }
}

/// The storage that a persistent id names: `("storage", class, key, location, number of elements)`, and in the legacy
/// format the part of another storage that it is, or `None`.
pub(super) fn named_storage<'p, 'a: 'p>(value: Node<'p, 'a>) -> Option<NamedStorage<'p>> {
    let mut members = value.persistent()?.members()?;
    if members.next()?.text()? != "storage" {
        return None;
    }
    let (_, class) = members.next()?.class()?;
    let key = members.next()?.text()?;
    let elements = members.nth(1)?.number()?;
    let is_view = members.next().is_some_and(|view| view.members().is_some());
    Some(NamedStorage { class, key, elements, is_view })
}

fn of_storage(class: &str) -> Option<DType> {
    Some(match class {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "ByteStorage" | "BoolStorage" => DType::U8,
        "ShortStorage" => DType::I16,
        "IntStorage" => DType::I32,
        "LongStorage" => DType::I64,
        _ => return None,
    })
}

/// A shape or strides: a tuple, or a `torch.Size` of one.
fn numbers(value: Node<'_, '_>) -> Option<Vec<usize>> {
    let tuple = match value.call() {
        Some((_, args)) => args.members()?.next()?,
        None => value,
    };
    tuple.members().filter(|members| members.len() <= MAX_DIMS)?.map(Node::number).collect()
}

/// The index in the storage of a tensor's last element; an inner `None` for an empty tensor, an outer one where the
/// numbers overflow.
pub(super) fn last_element(offset: usize, shape: &[usize], strides: &[usize]) -> Option<Option<usize>> {
    shape.iter().try_fold(1usize, |count, extent| count.checked_mul(*extent))?;
    if shape.contains(&0) {
        return Some(None);
    }
    let last = shape
        .iter()
        .zip(strides)
        .try_fold(offset, |at, (extent, stride)| at.checked_add((extent - 1).checked_mul(*stride)?))?;
    Some(Some(last))
}

/// Whether a tensor is contiguous.
pub(super) fn contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(extent, stride)| {
        let fits = *extent == 1 || *stride == expected;
        expected *= extent;
        fits
    })
}
