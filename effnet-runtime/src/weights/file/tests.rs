use std::borrow::Cow;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use effnet_spec::{Operator, Row, Settings, Spec};
use tempfile::TempDir;

use super::WeightsFile;
use crate::dialect::Dialect;
use crate::weights::{Error, FORMAT, KEY, Metadata, save};

fn metadata() -> Metadata {
    let rows = vec![Row::new(1, 3, 2, 4, 8, 12, Operator::MbConv, 0.25)];
    let settings = Settings { mean: Cow::Owned(vec![128.0 / 255.0, 0.1, 1.0 / 3.0]), ..Settings::DEFAULT };
    let dialect = Dialect::of(&settings);
    let spec = Spec { name: Cow::Borrowed("Tiny"), rows: Cow::Owned(rows), settings };
    let labels = vec!["chat \"noir\"".into(), "犬".into()];
    Metadata { name: "tiny".into(), spec, labels, dialect, training: None }
}

fn tensors() -> Vec<(String, Tensor)> {
    let tensor = |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    vec![
        ("stem.conv.weight".into(), tensor(&[1.0, -0.0, f32::MIN_POSITIVE, 3e38, 5.0, 6.0], &[3, 1, 2])),
        ("head.classifier.bias".into(), tensor(&[0.1, 0.2], &[2])),
        ("scalar".into(), tensor(&[7.0], &[])),
        ("nothing".into(), tensor(&[], &[0, 3])),
    ]
}

fn written(folder: &TempDir) -> (std::path::PathBuf, Vec<u8>) {
    let path = folder.path().join("weights.safetensors");
    save(&path, tensors(), &metadata()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

/// Writes the bytes, opens them and reads every tensor.
fn read_all(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).unwrap();
    let file = WeightsFile::open(path)?;
    let names: Vec<_> = file.tensors().map(|(name, _)| name.to_owned()).collect();
    names.iter().try_for_each(|name| file.read(name, &Device::Cpu).map(drop))
}

/// An error's text, which must be one line that names the file.
fn sentence(result: Result<(), Error>, path: &Path) -> String {
    let text = result.unwrap_err().to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn what_was_saved_is_read() {
    let folder = TempDir::new().unwrap();
    let (path, _) = written(&folder);
    let file = WeightsFile::open(&path).unwrap();
    assert_eq!(file.metadata(), Some(&metadata()));
    assert_eq!(file.num_classes().unwrap(), Some(2));
    assert_eq!(file.tensors().count(), tensors().len());
    for (name, tensor) in tensors() {
        let read = file.read_f32(&name, &Device::Cpu).unwrap();
        assert_eq!(read.dims(), tensor.dims(), "{name}");
        let bits = |tensor: &Tensor| -> Vec<u32> {
            let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            values.into_iter().map(f32::to_bits).collect()
        };
        assert_eq!(bits(&read), bits(&tensor), "{name}");
    }
}

#[test]
fn bytes_depend_on_the_state_alone() {
    let folder = TempDir::new().unwrap();
    let (_, bytes) = written(&folder);
    let other = folder.path().join("another name");
    save(&other, tensors().into_iter().rev(), &metadata()).unwrap();
    assert_eq!(std::fs::read(&other).unwrap(), bytes);
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("twice");
    let twice = tensors().into_iter().chain(tensors());
    let error = save(&path, twice, &metadata()).unwrap_err().to_string();
    assert!(error.contains("head.classifier.bias"), "{error}");
    assert!(!path.exists());
}

#[test]
fn any_truncation_is_an_error() {
    let folder = TempDir::new().unwrap();
    let (path, bytes) = written(&folder);
    for length in 0..bytes.len() {
        sentence(read_all(&path, &bytes[..length]), &path);
    }
    let text = sentence(read_all(&path, &bytes[..bytes.len() - 1]), &path);
    assert!(text.contains("cut short"), "{text}");
}

#[test]
fn something_behind_the_end_is_an_error() {
    let folder = TempDir::new().unwrap();
    let (path, mut bytes) = written(&folder);
    bytes.push(0);
    let text = sentence(read_all(&path, &bytes), &path);
    assert!(text.contains("follows its end"), "{text}");
}

/// A flipped bit can turn a name or a label into another. In any other case the file does not open, and nothing panics.
#[test]
fn any_flipped_bit_of_the_header_is_an_error_or_another_name() {
    let folder = TempDir::new().unwrap();
    let (path, bytes) = written(&folder);
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut refused = 0;
    // Every third bit covers each of a byte's eight, in different bytes.
    let bits: Vec<_> = (0..header * 8).step_by(3).collect();
    for bit in &bits {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Err(error) = read_all(&path, &flipped) {
            assert!(!error.to_string().contains('\n'), "{error}");
            refused += 1;
        }
    }
    assert!(refused > bits.len() / 2, "{refused} of {}", bits.len());
}

#[test]
fn files_of_other_kinds() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    for (bytes, says) in [
        (&b""[..], "neither"),
        (b"x", "neither"),
        (b"just a longer piece of text", "neither"),
        (b"\x89PNG\r\n\x1a\n_________________", "neither"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "not one that `torch.save` writes"),
        (b"PK\x03\x04 cut short", "not a whole archive"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "ends too early"),
        (b"\x10\0\0\0\0\0\0\0{              }", "neither safetensors"),
    ] {
        match read_all(&path, bytes) {
            Ok(()) => assert_eq!(bytes[8], b'{', "{bytes:?}"),
            Err(error) => assert!(error.to_string().contains(says), "{error}"),
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(WeightsFile::open(&path), Err(Error::NotFound(_))));
    assert!(matches!(WeightsFile::open(folder.path()), Err(Error::Unreadable { .. })));
}

/// A safetensors file with this header, followed by this many zero bytes.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn headers_that_lie() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    for header in [
        r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        r#"{"a":7}"#,
        r#"{"a":"#,
    ] {
        sentence(read_all(&path, &with_header(header, 8)), &path);
    }
    let mut huge = with_header("{}", 8);
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    sentence(read_all(&path, &huge), &path);
}

#[test]
fn other_number_formats() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    let values = Tensor::new(&[0.5f32, -2.0, 1024.0], &Device::Cpu).unwrap();
    for dtype in [DType::F16, DType::BF16, DType::F64, DType::F32] {
        values.to_dtype(dtype).unwrap().save_safetensors("x", &path).unwrap();
        let file = WeightsFile::open(&path).unwrap();
        assert_eq!(file.info("x").unwrap().dtype, dtype);
        let read: Vec<f32> = file.read_f32("x", &Device::Cpu).unwrap().to_vec1().unwrap();
        assert_eq!(read, [0.5, -2.0, 1024.0]);
    }
    values.to_dtype(DType::U32).unwrap().save_safetensors("x", &path).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    assert!(file.read("x", &Device::Cpu).is_ok());
    assert!(matches!(file.read_f32("x", &Device::Cpu), Err(Error::NotFloat { .. })));
    assert!(file.read("y", &Device::Cpu).is_err());
    assert!(matches!(file.scheme(), Err(Error::UnknownNames { .. })));
    assert!(matches!(file.require_metadata(), Err(Error::NoMetadata(_))));
}

#[test]
fn metadata_of_another_kind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    let newer = FORMAT + 1;
    for (json, says) in [
        (format!(r#"{{\"format\":{newer},\"anything\":[]}}"#), "update effnet"),
        (r#"{\"format\":1}"#.into(), "missing field"),
        ("hello".into(), "expected value"),
    ] {
        let bytes = with_header(&format!(r#"{{"__metadata__":{{"{KEY}":"{json}"}}}}"#), 0);
        let text = sentence(read_all(&path, &bytes), &path);
        assert!(text.contains(says), "{text}");
    }
    // Other programs' metadata are ignored.
    read_all(&path, &with_header(r#"{"__metadata__":{"format":"pt"}}"#, 0)).unwrap();
    assert!(WeightsFile::open(&path).unwrap().metadata().is_none());
}

#[test]
fn a_failed_write_leaves_what_was_there() {
    let folder = TempDir::new().unwrap();
    let (path, bytes) = written(&folder);
    let failed = crate::weights::write_atomically(&path, |file| {
        std::io::Write::write_all(file, b"half")?;
        Err(std::io::Error::other("the disk is full"))
    });
    assert!(failed.is_err());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is still there");

    let nowhere = folder.path().join("no folder").join("file");
    let text = sentence(save(&nowhere, tensors(), &metadata()), &nowhere);
    assert!(text.contains("cannot write"), "{text}");
}

#[cfg(unix)]
#[test]
fn others_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let (path, _) = written(&folder);
    let ordinary = folder.path().join("ordinary");
    std::fs::write(&ordinary, b"").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&ordinary));
}

#[test]
fn the_prefix_of_data_parallel_is_taken_off() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    let prefixed = tensors().into_iter().map(|(name, tensor)| (format!("module.{name}"), tensor));
    save(&path, prefixed, &metadata()).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    assert!(file.read("stem.conv.weight", &Device::Cpu).is_ok());
}
