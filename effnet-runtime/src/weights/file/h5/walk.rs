//! Finds an HDF5 file's tensors, and checks their sizes.
//!
//! A file's groups may hold each other, and a compressed tensor may state any size: the walk ends after as many objects as a
//! file of this length has room for, and a tensor that is larger than its file is refused before it is read.

use candle_core::DType;
use hdf5_pure::{
    AttrValue, Dataset, Datatype, DatatypeByteOrder, FixedPointLayout, FloatingPointLayout, Group, Layout,
};

use super::super::{Place, Problem, Stored, TensorInfo};

/// The most groups within each other. Keras has two for a layer, and two more for each model that is a layer.
const MAX_DEPTH: usize = 32;

/// The most dimensions of a tensor: more than any weight has.
const MAX_DIMS: usize = 8;

/// The fewest bytes of a file that an object takes.
const OBJECT: u64 = 32;

/// Bytes of a compressed tensor, or of one of its chunks, that are never too many.
const SMALL: u64 = 1 << 19;

/// The fields of a number of 16 bits, for which the reader has no name.
const IEEE754_BINARY16: FloatingPointLayout = FloatingPointLayout {
    bit_offset: 0,
    bit_precision: 16,
    exponent_location: 10,
    exponent_size: 5,
    mantissa_location: 0,
    mantissa_size: 10,
    exponent_bias: 15,
};

/// A file's tensors, and what its groups say of themselves.
#[derive(Default)]
pub(super) struct Found {
    /// Path and tensor, in the order of the file.
    pub(super) tensors: Vec<(String, Stored)>,
    /// Path of a group and its attribute `name`, if it is a text.
    pub(super) names: Vec<(String, String)>,
}

/// All tensors of a file of `length` bytes.
pub(super) fn walk(root: &Group, length: u64) -> Result<Found, Problem> {
    let mut walk = Walk { length, objects: 0, found: Found::default() };
    walk.group(root, "", 0)?;
    Ok(walk.found)
}

struct Walk {
    length: u64,
    objects: u64,
    found: Found,
}

impl Walk {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::Damaged("its groups are within each other without end".into()));
        }
        for name in group.datasets()? {
            let path = self.member(path, &name)?;
            let stored = stored(&group.dataset(&name)?, &path, self.length)?;
            self.found.tensors.push((path, stored));
        }
        // Keras keeps a layer's name with its list of variables.
        if path.ends_with("/vars")
            && let Some(name) = group.attrs()?.get("name").and_then(AttrValue::as_str)
        {
            self.found.names.push((path.to_owned(), name.to_owned()));
        }
        for name in group.groups()? {
            let path = self.member(path, &name)?;
            self.group(&group.group(&name)?, &path, depth + 1)?;
        }
        Ok(())
    }

    /// The path of a group's member.
    fn member(&mut self, path: &str, name: &str) -> Result<String, Problem> {
        self.objects += 1 + (path.len() + name.len()) as u64 / OBJECT / 8;
        if self.objects > self.length / OBJECT {
            return Err(Problem::Damaged("it lists more objects than it has room for".into()));
        }
        Ok(if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") })
    }
}

/// A tensor of a file of `length` bytes.
fn stored(dataset: &Dataset, path: &str, length: u64) -> Result<Stored, Problem> {
    let datatype = dataset.datatype()?;
    let bfloat = matches!(datatype, Datatype::Opaque { size: 2, .. })
        && dataset.attrs()?.get("dtype").and_then(AttrValue::as_str) == Some("bfloat16");
    let dtype = if bfloat { Some(DType::BF16) } else { number_format(&datatype) };
    let Some(dtype) = dtype else { return Ok(Stored::Unread(format!("{datatype}"))) };
    let shape = dataset.shape()?;
    let bytes = if shape.len() > MAX_DIMS { None } else { size(&shape, dtype) };
    let larger = || Problem::Damaged(format!("`{path}` is larger than the file"));
    let bytes = bytes.ok_or_else(larger)?;
    match dataset.layout()? {
        Layout::Compact { .. } | Layout::Contiguous { .. } if bytes > length => return Err(larger()),
        Layout::Chunked { chunk_shape, .. } => {
            let chunk = size(&chunk_shape, dtype).ok_or_else(larger)?;
            if bytes > length.max(SMALL) || chunk > (length / 4).max(SMALL) {
                let sizes = format!("{bytes} bytes in chunks of {chunk}, in a file of {length}");
                return Err(Problem::NotWeights(format!(
                    "`{path}` would take far more memory than the file has bytes ({sizes}); write it without compression"
                )));
            }
        }
        _ => {}
    }
    // No dimension exceeds the size, which has been compared with the file's.
    let shape = shape.into_iter().map(|extent| extent as usize).collect();
    Ok(Stored::Readable(TensorInfo { dtype, shape, place: Place::Dataset(path.to_owned()) }))
}

/// Bytes of a tensor of this shape.
fn size(shape: &[u64], dtype: DType) -> Option<u64> {
    // An empty tensor's other dimensions count too: candle multiplies them.
    let product = shape.iter().try_fold(1u64, |product, extent| product.checked_mul((*extent).max(1)));
    product?.checked_mul(dtype.size_in_bytes() as u64)
}

/// candle's number format for a datatype, if it has one: of numbers without padding, least significant byte first.
fn number_format(datatype: &Datatype) -> Option<DType> {
    match datatype {
        Datatype::FloatingPoint { byte_order: DatatypeByteOrder::LittleEndian, layout, size } => {
            match (*layout, size) {
                (IEEE754_BINARY16, 2) => Some(DType::F16),
                (FloatingPointLayout::IEEE754_BINARY32, 4) => Some(DType::F32),
                (FloatingPointLayout::IEEE754_BINARY64, 8) => Some(DType::F64),
                _ => None,
            }
        }
        Datatype::FixedPoint { size, byte_order: DatatypeByteOrder::LittleEndian, layout } => {
            let FixedPointLayout { signed, .. } = *layout;
            match (signed, size) {
                (false, 1) => Some(DType::U8),
                (false, 4) => Some(DType::U32),
                (true, 2) => Some(DType::I16),
                (true, 4) => Some(DType::I32),
                (true, 8) => Some(DType::I64),
                _ => None,
            }
        }
        _ => None,
    }
}
