use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use half::{bf16, f16};

use super::super::WeightsFile;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/weights/fixtures/keras").join(name)
}

/// A file's tensors as f32, by their whole names.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let file = WeightsFile::open_whole(path).unwrap();
    let read = |name: &str| {
        let tensor = file.read(name, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        (tensor.dims().to_vec(), tensor.flatten_all().unwrap().to_vec1().unwrap())
    };
    file.names().map(|name| (name.to_owned(), read(name))).collect()
}

/// The weights that every fixture holds.
fn reference() -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let mut tensors = tensors(&fixture("reference.safetensors"));
    assert!(tensors.remove("input").is_some() && tensors.remove("logits").is_some());
    assert_eq!(tensors.len(), 65);
    tensors
}

#[test]
fn every_kind_of_file_gives_the_same_names_and_bits() {
    let reference = reference();
    for name in ["keras3.weights.h5", "keras3.h5", "before_3_6.keras", "compressed.weights.h5"] {
        assert!(tensors(&fixture(name)) == reference, "{name}");
    }
    // A normalisation's weights beside the network's, as in files of 2022.
    let mut with_normalization = tensors(&fixture("tf_keras.h5"));
    for leaf in ["mean", "variance", "count"] {
        assert!(with_normalization.remove(&format!("normalization/{leaf}")).is_some(), "{leaf}");
    }
    assert!(with_normalization == reference, "tf_keras.h5");
}

#[test]
fn numbers_of_16_bits_are_read() {
    let read = tensors(&fixture("half.weights.h5"));
    for (name, (shape, values)) in reference() {
        let first = name.ends_with("/kernel") || name.ends_with("/gamma");
        let rounded =
            |value: &f32| if first { f16::from_f32(*value).to_f32() } else { bf16::from_f32(*value).to_f32() };
        assert_eq!(read[&name], (shape, values.iter().map(rounded).collect()), "{name}");
    }
}

#[test]
fn a_model_that_is_a_layer_names_its_tensors_within_its_own_name() {
    let mut wanted: BTreeMap<_, _> =
        reference().into_iter().filter(|(name, _)| !name.starts_with("predictions/")).collect();
    wanted = wanted.into_iter().map(|(name, tensor)| (format!("efficientnetv2-t/{name}"), tensor)).collect();
    for name in ["nested.keras", "nested.h5"] {
        let mut read = tensors(&fixture(name));
        assert_eq!(read.remove("mine/kernel").unwrap().0, [32, 7], "{name}");
        assert_eq!(read.remove("mine/bias").unwrap().0, [7], "{name}");
        assert!(read == wanted, "{name}: {:?}", read.keys());
    }
}

#[test]
fn what_has_no_names_or_is_compressed_is_refused_by_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let nameless = folder.path().join("nameless.weights.h5");
    let archive = std::fs::File::open(fixture("before_3_6.keras")).unwrap();
    let mut bytes = Vec::new();
    zip::ZipArchive::new(archive).unwrap().by_name("model.weights.h5").unwrap().read_to_end(&mut bytes).unwrap();
    std::fs::write(&nameless, &bytes).unwrap();
    for (path, reason) in [
        (nameless, "has no names of layers (`layers/batch_normalization` is one), as before Keras 3.6; load it into"),
        (fixture("packed.keras"), "`model.weights.h5` in it is compressed (Deflated), as Keras does not write it"),
    ] {
        let error = WeightsFile::open(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn damage_to_an_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.keras");
    let whole = std::fs::read(fixture("nested.keras")).unwrap();
    let weights = whole.windows(8).position(|bytes| bytes == super::SIGNATURE).unwrap();
    for (at, reason) in [(weights + 60_000, "checksum"), (weights, "checksum")] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        let error = WeightsFile::open(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // Without its end an archive has no list of entries.
    std::fs::write(&path, &whole[..whole.len() - 40]).unwrap();
    assert!(WeightsFile::open(&path).unwrap_err().to_string().contains("is damaged"));
}
