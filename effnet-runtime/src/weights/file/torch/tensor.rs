//! Tensors as a pickle describes them: calls of a few functions in `torch._utils`, which are interpreted here and never
//! run.

use candle_core::DType;

use super::super::pickle::Node;
use super::super::{Place, Stored, TensorInfo};

/// The most dimensions of a tensor: more than any weight has.
const MAX_DIMS: usize = 8;

/// The most calls around the one that rebuilds a tensor: a parameter's, or a derived class's.
const MAX_AROUND: usize = 8;

/// The thing that a value of the pickle describes: a tensor or not.
pub(super) enum Described {
    /// Something other than a tensor.
    Other,
    Tensor(Stored),
    /// An inconsistent tensor: its storage is too short, or a number is negative.
    Impossible,
}

/// The thing that `value` describes, in the archive whose entries begin with `root`.
pub(super) fn describe(value: Node<'_, '_>, root: &str) -> Described {
    let mut value = value;
    for _ in 0..MAX_AROUND {
        let Some((callable, args)) = value.call() else { return Described::Other };
        let (Some(callable), Some(mut args)) = (callable.class(), args.members()) else { return Described::Other };
        match callable {
            callable if rebuilds(callable) => return rebuilt(args, root),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => match args.next() {
                Some(data) => value = data,
                None => return Described::Impossible,
            },
            // (function that rebuilds, class, its arguments, state): the class adds nothing to the numbers.
            ("torch._tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => {
                let (function, arguments) = (args.next().and_then(Node::class), args.nth(1).and_then(Node::members));
                return match (function, arguments) {
                    (Some(function), Some(args)) if rebuilds(function) => rebuilt(args, root),
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
fn rebuilt<'p, 'a: 'p>(args: impl Iterator<Item = Node<'p, 'a>>, root: &str) -> Described {
    stored(args, root).map_or(Described::Impossible, Described::Tensor)
}

/// The tensor of these arguments; `None` where they are inconsistent.
fn stored<'p, 'a: 'p>(mut args: impl Iterator<Item = Node<'p, 'a>>, root: &str) -> Option<Stored> {
    let storage = args.next()?.persistent()?;
    let offset = args.next()?.number()?;
    let (shape, strides) = (numbers(args.next()?)?, numbers(args.next()?)?);
    if shape.len() != strides.len() {
        return None;
    }
    // ("storage", class, key, location, number of elements)
    let mut storage = storage.members()?.skip(1);
    let (_, class) = storage.next()?.class()?;
    let key = storage.next()?.text()?;
    let elements = storage.nth(1)?.number()?;
    let (dtype, elements) = if class == "UntypedStorage" {
        // The third version's storage counts bytes.
        let (_, format) = args.nth(2)?.class()?;
        match format {
            "float8_e4m3fn" => (DType::F8E4M3, elements / DType::F8E4M3.size_in_bytes()),
            format => return Some(Stored::Unread(format.to_owned())),
        }
    } else {
        match of_storage(class) {
            Some(dtype) => (dtype, elements),
            None => return Some(Stored::Unread(class.trim_end_matches("Storage").to_owned())),
        }
    };
    if last_element(offset, &shape, &strides)?.is_some_and(|last| last >= elements) {
        return None;
    }
    let place = Place::Entry { name: format!("{root}data/{key}"), offset, strides };
    Some(Stored::Readable(TensorInfo { dtype, shape, place }))
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
