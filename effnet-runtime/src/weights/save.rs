//! Writing a weights file.

use std::collections::HashMap;
use std::io::{BufWriter, Error as IoError, Write};
use std::path::Path;

use candle_core::{DType, Tensor, Var};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::atomic::write_atomically;
use super::error::{Error, Result};
use super::metadata::Metadata;
use super::write::{NumberFormat, is_finite};

/// Number of floats to convert at a time.
const CHUNK: usize = 1 << 14;

/// Writes tensors and metadata as a safetensors file. Its bytes depend on nothing else: tensors stand in the order of
/// their names, with one key of metadata, no time and no path.
///
/// The write is atomic: a temporary file is written, synchronised and renamed. Tensors of other types are converted to
/// f32. A network's are `network.params().all()`: by the names below its prefix, if it has one, so that the file is
/// one of that network alone. [`Params::save`](crate::Params::save) writes a whole program's.
///
/// ```
/// use effnet_runtime::candle::Device;
/// use effnet_runtime::weights::{self, Metadata, WeightsFile, read_network};
/// use effnet_runtime::{Network, Params, efficientnet_v2};
///
/// efficientnet_v2! {
///     pub struct Small < [1, 3, 2, 1, 8, 8, fused, 0], [1, 3, 2, 4, 8, 16, mbconv, 0.25] > { num_features: 32 }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("small.safetensors");
/// let network = Small::new(2, Params::new(0).builder().pp("body"))?;
/// let labels = ["cat", "dog"].map(str::to_owned);
/// weights::save(&path, network.params().all(), &Metadata::of(&network, "small", &labels))?;
///
/// let again = read_network(&WeightsFile::open(&path)?, &Small::SPEC, None, &Device::Cpu, Small::new)?;
/// assert_eq!(again.num_classes(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When two tensors have the same name, or the folder is missing or cannot be written to.
pub fn save<T: AsTensor>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (String, T)>,
    metadata: &Metadata,
) -> Result<()> {
    let path = path.as_ref();
    let tensors = tensors.into_iter().map(|(name, tensor)| (name, tensor.as_tensor().clone())).collect();
    let header = metadata.to_header().map_err(|reason| Error::Unserializable { path: path.to_path_buf(), reason })?;
    write(path, tensors, header, NumberFormat::F32)
}

/// What [`save`] writes: a tensor, or a variable.
pub trait AsTensor {
    /// Its tensor.
    fn as_tensor(&self) -> &Tensor;
}

impl AsTensor for Tensor {
    fn as_tensor(&self) -> &Tensor {
        self
    }
}

impl AsTensor for Var {
    fn as_tensor(&self) -> &Tensor {
        self
    }
}

impl<T: AsTensor> AsTensor for &T {
    fn as_tensor(&self) -> &Tensor {
        (*self).as_tensor()
    }
}

/// Writes tensors under a header. Its loops are compiled in this crate rather than in a caller's, which may be built
/// without optimisation.
pub(super) fn write(
    path: &Path,
    mut tensors: Vec<(String, Tensor)>,
    metadata: HashMap<String, String>,
    numbers: NumberFormat,
) -> Result<()> {
    let unwritable = |reason| Error::Unwritable { path: path.to_path_buf(), reason };
    tensors.sort_by(|(left, _), (right, _)| left.cmp(right));
    if let Some(pair) = tensors.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(unwritable(IoError::other(format!("two tensors are called `{}`", pair[0].0))));
    }
    let header = header(&tensors, metadata, numbers).map_err(unwritable)?;
    write_atomically(path, |file| {
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        for (name, tensor) in &tensors {
            if numbers != NumberFormat::F32 {
                let converted = tensor.to_dtype(numbers.dtype()).map_err(IoError::other)?;
                if !is_finite(&converted)? {
                    return Err(IoError::other(format!("a value of `{name}` is too large for 16 bits")));
                }
                converted.write_bytes(&mut file).map_err(IoError::other)?;
                continue;
            }
            let values = tensor.flatten_all().and_then(|flat| flat.to_dtype(DType::F32)?.to_vec1::<f32>());
            for chunk in values.map_err(IoError::other)?.chunks(CHUNK) {
                let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
                file.write_all(&bytes)?;
            }
        }
        file.flush()
    })
    .map_err(unwritable)
}

/// The JSON header, padded with spaces to a multiple of 8 bytes.
fn header(
    tensors: &[(String, Tensor)],
    metadata: HashMap<String, String>,
    numbers: NumberFormat,
) -> std::io::Result<Vec<u8>> {
    let dtype = match numbers {
        NumberFormat::F32 => Dtype::F32,
        NumberFormat::F16 => Dtype::F16,
        NumberFormat::Bf16 => Dtype::BF16,
    };
    let mut end = 0;
    let infos = tensors
        .iter()
        .map(|(name, tensor)| {
            let start = end;
            end += tensor.elem_count() * numbers.dtype().size_in_bytes();
            let shape = tensor.dims().to_vec();
            (name.clone(), TensorInfo { dtype, shape, data_offsets: (start, end) })
        })
        .collect();
    let header = safetensors::tensor::Metadata::new(Some(metadata), infos).map_err(IoError::other)?;
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}
