//! Damaged files of Keras's and TensorFlow's.

use std::path::{Path, PathBuf};

use crate::torch::read_all;
use crate::{SLACK, survive};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/weights/fixtures").join(name)
}

fn fixtures<const N: usize>(names: [&str; N]) -> [Vec<u8>; N] {
    names.map(|name| std::fs::read(fixture("keras").join(name)).unwrap())
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

/// An index beside whole tensors, under checksums that fit, as they keep damage from its blocks; and tensors beside a whole
/// index.
#[test]
fn mutated_checkpoints_of_tensorflow_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let [index, data] = [".index", ".data-00000-of-00001"].map(|end| format!("variables/model.ckpt-1{end}"));
    let [index, data] = [index, data].map(|name| std::fs::read(fixture("automl").join(name)).unwrap());
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("i.data-00000-of-00001"), &data).unwrap();
    std::fs::write(path("d.index"), &index).unwrap();
    survive("TensorFlow index file", &path("mutated"), &[index], SLACK, |mutated| {
        std::fs::write(path("i.index"), seal(&std::fs::read(mutated).unwrap())).unwrap();
        read_all(&path("i.index"))
    });
    survive("TensorFlow checkpoint", &path("d.data-00000-of-00001"), &[data], SLACK, read_all);
}

/// Makes the checksums of an index's blocks fit, where its end still says where they are.
fn seal(index: &[u8]) -> Vec<u8> {
    let mut sealed = index.to_vec();
    let Some(footer) = index.len().checked_sub(48) else { return sealed };
    let mut places = vec![];
    let mut bytes = &index[footer..];
    let mut number = || {
        let mut number = 0;
        for at in 0..4 {
            let (byte, rest) = bytes.split_first().unwrap();
            bytes = rest;
            number |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    };
    let [metadata, metadata_size, list, size] = [(); 4].map(|()| number());
    // There is one block of entries, in front of the others.
    places.extend([(0, metadata.saturating_sub(5)), (metadata, metadata_size), (list, size)]);
    for (start, size) in places {
        let Some(block) = index.get(start..start + size + 1) else { continue };
        let checksum = crc32c::crc32c(block).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
        if let Some(stored) = sealed.get_mut(start + size + 1..start + size + 5) {
            stored.copy_from_slice(&checksum);
        }
    }
    sealed
}
