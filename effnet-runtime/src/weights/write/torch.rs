//! PyTorch's checkpoints, which `torch.load(path, weights_only=True)` opens as an ordered dictionary.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Error as IoError, Result as IoResult, Write};
use std::path::Path;

use candle_core::{DType, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::Named;
use crate::weights::atomic::write_atomically;
use crate::weights::error::{Error, Result};

/// The folder that an archive's entries are in. PyTorch takes any.
const ROOT: &str = "archive";

/// Offset of each storage in the file is a multiple of it, in bytes, as in PyTorch's own files: they can be mapped.
const ALIGNMENT: u16 = 64;

/// Version of the archive's format, `kProducedFileFormatVersion` in `caffe2/serialize/versions.h` for data alone.
const VERSION: &[u8] = b"3\n";

/// The number format of weights in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NumberFormat {
    /// 32 bits: every weight as it is.
    #[default]
    F32,
    /// 16 bits with 11 of precision, up to 65,504.
    F16,
    /// 16 bits with 8 of precision, as far as f32 reaches.
    Bf16,
}

impl NumberFormat {
    pub(crate) const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// PyTorch's class of a storage of such numbers.
    const fn storage(self) -> &'static str {
        match self {
            Self::F32 => "FloatStorage",
            Self::F16 => "HalfStorage",
            Self::Bf16 => "BFloat16Storage",
        }
    }
}

/// Writes tensors as a PyTorch checkpoint, in their order. Its bytes depend on nothing but the arguments. The write is
/// atomic: see [`write_atomically`].
///
/// With `batch_counts`, each `running_var` is followed by a count of batches, 0, which programs of PyTorch's want that load
/// strictly.
///
/// # Errors
/// When two tensors have the same name, a value is too large for the number format, or the folder is missing or cannot be
/// written to.
pub fn write_torch(path: impl AsRef<Path>, tensors: &[Named], format: NumberFormat, batch_counts: bool) -> Result<()> {
    let path = path.as_ref();
    let write = || -> IoResult<()> {
        let entries = entries(tensors, format, batch_counts)?;
        write_atomically(path, |file| archive(file, &entries))
    };
    write().map_err(|reason| Error::Unwritable { path: path.to_path_buf(), reason })
}

/// A tensor and the class of its storage.
struct Entry {
    name: String,
    values: Tensor,
    storage: &'static str,
}

fn entries(tensors: &[Named], format: NumberFormat, batch_counts: bool) -> IoResult<Vec<Entry>> {
    let mut entries = Vec::new();
    for Named { name, values } in tensors {
        let converted = values.to_dtype(format.dtype()).map_err(IoError::other)?;
        if format == NumberFormat::F16 && !is_finite(&converted)? {
            return Err(IoError::other(format!("a value of `{name}` is too large for 16 bits")));
        }
        entries.push(Entry { name: name.clone(), values: converted, storage: format.storage() });
        if let Some(norm) = name.strip_suffix("running_var").filter(|_| batch_counts) {
            let count = Tensor::zeros((), DType::I64, values.device()).map_err(IoError::other)?;
            entries.push(Entry { name: format!("{norm}num_batches_tracked"), values: count, storage: "LongStorage" });
        }
    }
    let mut names = HashSet::new();
    match entries.iter().find(|entry| !names.insert(entry.name.as_str())) {
        Some(twice) => Err(IoError::other(format!("two tensors are called `{}`", twice.name))),
        None => Ok(entries),
    }
}

pub(in crate::weights) fn is_finite(values: &Tensor) -> IoResult<bool> {
    let values = values.flatten_all().and_then(|flat| flat.to_dtype(DType::F32)?.to_vec1::<f32>());
    Ok(values.map_err(IoError::other)?.iter().all(|value| value.is_finite()))
}

fn archive(file: &mut File, entries: &[Entry]) -> IoResult<()> {
    // Nothing of the machine or the hour.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 20, file));
    zip.start_file(format!("{ROOT}/data.pkl"), options)?;
    zip.write_all(&pickle(entries))?;
    zip.start_file(format!("{ROOT}/byteorder"), options)?;
    zip.write_all(b"little")?;
    for (key, entry) in entries.iter().enumerate() {
        let length = entry.values.elem_count() * entry.values.dtype().size_in_bytes();
        let options = options.with_alignment(ALIGNMENT).large_file(u32::try_from(length).is_err());
        zip.start_file(format!("{ROOT}/data/{key}"), options)?;
        let mut numbers = BufWriter::with_capacity(1 << 16, &mut zip);
        entry.values.write_bytes(&mut numbers).map_err(IoError::other)?;
        numbers.flush()?;
    }
    zip.start_file(format!("{ROOT}/version"), options)?;
    zip.write_all(VERSION)?;
    zip.finish()?.flush()
}

/// The ordered dictionary of the tensors, by pickle protocol 2.
fn pickle(entries: &[Entry]) -> Vec<u8> {
    let mut pickle = Program(b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec());
    for (key, Entry { name, values, storage }) in entries.iter().enumerate() {
        pickle.text(name);
        pickle.code(b"ctorch._utils\n_rebuild_tensor_v2\n(");
        // The storage, which is outside the pickle.
        pickle.code(b"(").text("storage");
        pickle.code(format!("ctorch\n{storage}\n").as_bytes());
        pickle.text(&key.to_string()).text("cpu").number(values.elem_count()).code(b"tQ");
        // Its first element, the shape, the strides; no gradient is needed, and there are no hooks.
        pickle.number(0).numbers(values.dims()).numbers(&strides(values.dims()));
        pickle.code(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.code(b"u.");
    pickle.0
}

/// Strides of contiguous elements.
fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for at in (1..dims.len()).rev() {
        strides[at - 1] = strides[at] * dims[at];
    }
    strides
}

/// A pickle in the making.
struct Program(Vec<u8>);

impl Program {
    fn code(&mut self, code: &[u8]) -> &mut Self {
        self.0.extend(code);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.code(b"X").code(&(text.len() as u32).to_le_bytes()).code(text.as_bytes())
    }

    fn number(&mut self, number: usize) -> &mut Self {
        match i32::try_from(number) {
            Ok(small) => self.code(b"J").code(&small.to_le_bytes()),
            Err(_) => self.code(b"\x8a\x08").code(&(number as u64).to_le_bytes()),
        }
    }

    fn numbers(&mut self, numbers: &[usize]) -> &mut Self {
        self.code(b"(");
        for number in numbers {
            self.number(*number);
        }
        self.code(b"t")
    }
}

#[cfg(test)]
mod tests;
