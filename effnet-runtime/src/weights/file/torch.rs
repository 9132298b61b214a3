//! PyTorch's checkpoints: a zip archive of a pickle, which says what there is, and an entry of raw numbers a storage.
//!
//! Candle's interpreter of pickles builds the pickle's objects; they are taken apart here, with every index and size
//! checked. The archive's checksums are checked before the interpreter sees a byte.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};

use candle_core::DType;
use candle_core::pickle::{Object, Stack};
use zip::ZipArchive;
use zip::result::ZipError;

use super::{Place, Problem, TensorInfo, Tensors};

/// Keys under which training scripts keep the state dict beside other things.
const NESTED: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// An open checkpoint.
#[derive(Debug)]
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Length of the file: no entry is longer, as PyTorch does not compress.
    length: u64,
}

/// Reads what there is.
pub(super) fn open(file: File, length: u64) -> Result<(Archive, Tensors), Problem> {
    let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(source) => source.into(),
        error => Problem::damaged(format!("it is not a whole archive ({error})")),
    })?;
    let mut archive = Archive { zip, length };
    let pickle = archive.zip.file_names().filter_map(Result::ok).find_map(|name| {
        let root = name.strip_suffix("data.pkl")?;
        (root.is_empty() || root.ends_with('/')).then(|| root.to_owned())
    });
    let Some(root) = pickle else {
        return Err(Problem::not_weights("it is a zip archive, but not one that `torch.save` writes"));
    };
    if archive.entry(&format!("{root}byteorder")).is_ok_and(|order| order != b"little") {
        return Err(Problem::not_weights("it was written on a big-endian machine"));
    }

    let bytes = archive.entry(&format!("{root}data.pkl"))?;
    let mut stack = Stack::empty();
    let object = stack.read_loop(&mut bytes.as_slice()).and_then(|()| stack.finalize());
    let object =
        object.map_err(|error| Problem::not_weights(format!("its pickle holds more than tensors ({error})")))?;
    let tensors = state_dict(object)?
        .into_iter()
        .filter_map(|(name, value)| Some((name.unicode().ok()?, tensor(value)?)))
        .map(|(name, tensor)| {
            let info =
                tensor.info(&root).ok_or_else(|| Problem::damaged(format!("its tensor `{name}` makes no sense")))?;
            Ok((name, info))
        })
        .collect::<Result<BTreeMap<_, _>, Problem>>()?;
    if tensors.is_empty() {
        return Err(Problem::not_weights(
            "its pickle holds no tensors under names; write it with `torch.save(model.state_dict(), path)`",
        ));
    }
    Ok((archive, tensors))
}

impl Archive {
    /// The bytes of an entry, its checksum checked.
    fn entry(&mut self, name: &str) -> Result<Vec<u8>, Problem> {
        let entry = self.zip.by_name(name).map_err(|error| match error {
            ZipError::FileNotFound => Problem::damaged(format!("its archive lacks `{name}`")),
            ZipError::Io(source) => source.into(),
            error => Problem::damaged(format!("`{name}` of its archive cannot be read ({error})")),
        })?;
        let mut bytes = Vec::new();
        entry.take(self.length + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A tensor's bytes, contiguous.
    pub(super) fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
        let Place::Entry { name, offset, strides } = &info.place else {
            return Err(Problem::damaged("a tensor has no place"));
        };
        let storage = self.entry(name)?;
        let short = || Problem::damaged(format!("`{name}` of its archive is shorter than its tensor"));
        let size = info.dtype.size_in_bytes();
        let last = last_element(*offset, &info.shape, strides).ok_or_else(short)?;
        if last.is_some_and(|last| last >= storage.len() / size) {
            return Err(short());
        }
        let count: usize = info.shape.iter().product();
        if contiguous(&info.shape, strides) {
            return Ok(storage[offset * size..][..count * size].to_vec());
        }
        // Such as a convolution that was trained in channels-last layout.
        let mut bytes = Vec::with_capacity(count * size);
        for element in 0..count {
            let (mut rest, mut at) = (element, *offset);
            for (extent, stride) in info.shape.iter().zip(strides).rev() {
                at += rest % extent * stride;
                rest /= extent;
            }
            bytes.extend(&storage[at * size..][..size]);
        }
        Ok(bytes)
    }
}

/// The storage element of a tensor's last element; an inner `None` for a tensor without elements, an outer one where
/// the numbers overflow.
fn last_element(offset: usize, shape: &[usize], strides: &[usize]) -> Option<Option<usize>> {
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

fn contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(extent, stride)| {
        let fits = *extent == 1 || *stride == expected;
        expected *= extent;
        fits
    })
}

type Entries = Vec<(Object, Object)>;

/// The dictionary of tensors: the pickle's object itself, or what it holds under a usual key.
fn state_dict(object: Object) -> Result<Entries, Problem> {
    let Object::Dict(mut entries) = object else {
        return Err(Problem::not_weights(
            "its pickle is not a state dict; write it with `torch.save(model.state_dict(), path)`",
        ));
    };
    for key in NESTED {
        let nested = entries
            .iter()
            .position(|(name, value)| matches!((name, value), (Object::Unicode(name), Object::Dict(_)) if name == key));
        if let Some(at) = nested {
            return Ok(entries.swap_remove(at).1.dict().unwrap_or_default());
        }
    }
    Ok(entries)
}

/// A tensor as a pickle describes it: `_rebuild_tensor_v2(storage, offset, size, stride, …)`.
struct Pickled(Vec<Object>);

/// The tensor that an object rebuilds, if it does.
fn tensor(object: Object) -> Option<Pickled> {
    let (callable, args) = object.reduce().ok()?;
    let (module, class) = callable.class().ok()?;
    let args = args.tuple().ok()?;
    match (module.as_str(), class.as_str()) {
        ("torch._utils", "_rebuild_tensor_v2") => Some(Pickled(args)),
        ("torch._utils", "_rebuild_parameter") => tensor(args.into_iter().next()?),
        _ => None,
    }
}

impl Pickled {
    /// Its place and shape; `None` where they do not make sense.
    fn info(self, root: &str) -> Option<TensorInfo> {
        let mut args = self.0.into_iter();
        let storage = args.next()?.persistent_load().ok()?.tuple().ok()?;
        let offset = number(args.next()?)?;
        let shape: Vec<_> = args.next()?.tuple().ok()?.into_iter().map(number).collect::<Option<_>>()?;
        let strides: Vec<_> = args.next()?.tuple().ok()?.into_iter().map(number).collect::<Option<_>>()?;
        if shape.len() != strides.len() {
            return None;
        }
        // ("storage", class, key, location, number of elements)
        let mut storage = storage.into_iter().skip(1);
        let (_, class) = storage.next()?.class().ok()?;
        let key = storage.next()?.unicode().ok()?;
        let elements = number(storage.nth(1)?)?;
        if last_element(offset, &shape, &strides)?.is_some_and(|last| last >= elements) {
            return None;
        }
        let dtype = match class.as_str() {
            "FloatStorage" => DType::F32,
            "DoubleStorage" => DType::F64,
            "HalfStorage" => DType::F16,
            "BFloat16Storage" => DType::BF16,
            "ByteStorage" | "BoolStorage" => DType::U8,
            "ShortStorage" => DType::I16,
            "IntStorage" => DType::I32,
            "LongStorage" => DType::I64,
            _ => return None,
        };
        Some(TensorInfo { dtype, shape, place: Place::Entry { name: format!("{root}data/{key}"), offset, strides } })
    }
}

fn number(object: Object) -> Option<usize> {
    usize::try_from(object.int_or_long().ok()?).ok()
}
