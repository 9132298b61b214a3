//! Damaged files of Keras's.

use std::path::Path;

use crate::torch::read_all;
use crate::{SLACK, survive};

fn fixtures<const N: usize>(names: [&str; N]) -> [Vec<u8>; N] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/weights/fixtures/keras");
    names.map(|name| std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn mutated_hdf5_files_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = fixtures(["keras3.weights.h5", "tf_keras.h5", "keras3.h5"]);
    survive("HDF5 file", &folder.path().join("w.h5"), &files, SLACK, read_all);
}

#[test]
fn mutated_compressed_hdf5_files_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = fixtures(["compressed.weights.h5"]);
    survive("compressed HDF5 file", &folder.path().join("w.h5"), &files, SLACK, read_all);
}

#[test]
fn mutated_archives_of_keras_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = fixtures(["nested.keras", "before_3_6.keras"]);
    survive("Keras archive", &folder.path().join("m.keras"), &files, SLACK, read_all);
}
