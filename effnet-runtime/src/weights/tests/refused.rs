//! Files that hold no weights, or those of other networks.

use std::path::Path;

use super::{build, fixture, network};
use crate::params::Params;
use crate::weights::{Error, Purpose, WeightsFile, load};

/// The error of opening a file and asking for its scheme: one line that names the file.
fn error_of(path: &Path) -> String {
    let opened = WeightsFile::open(path).and_then(|file| file.scheme().map(drop));
    let text = opened.expect_err(&path.display().to_string()).to_string();
    assert!(text.contains(&path.display().to_string()) && !text.contains('\n'), "{text}");
    text
}

#[test]
fn what_pytorch_and_others_write_is_called_by_its_name() {
    for (name, parts) in [
        ("protocol6.pth", &["saved with pickle protocol 6", "up to 5", "pickle_protocol=2"][..]),
        ("pair.pth", &["several networks, under `left.`, `right.`: save the weights of one of them alone"]),
        (
            "no_stem.pth",
            &[
                "the first are `blocks.0.0.bn1.bias`",
                "and 3",
                "the nearest are timm's",
                "`conv_stem.weight` is missing",
            ],
        ),
        (
            "whole_module.pth",
            &[
                "a whole module, a pickled `torch.nn.modules.linear.Linear` under `model`",
                "torch.save(model.state_dict(), path)",
            ],
        ),
        ("script.pt", &["TorchScript archive", "torch.jit.load(path).state_dict()"]),
        ("arrays.npz", &["NumPy's .npz, is not supported"]),
        ("pickle.pkl", &["it is a pickle, but not one that `torch.save` writes"]),
        ("pointer.safetensors", &["Git LFS pointer", "`git lfs pull`"]),
        (
            "model.safetensors.index.json",
            &[
                "index of a checkpoint in 4 shards (`model-00001-of-00004.safetensors`, ",
                ", `model-00004-of-00004.safetensors`)",
                "in one file",
            ],
        ),
    ] {
        let text = error_of(&fixture(name));
        for part in parts {
            assert!(text.contains(part), "{name}: `{part}` is not in: {text}");
        }
    }
}

#[test]
fn files_of_other_programs_are_called_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let tar = [&[b'x'; 257][..], b"ustar\x0000", &[0; 249]].concat();
    let json_with_mark = "\u{feff}{\"architectures\": [\"EfficientNet\"]}";
    for (name, bytes, says) in [
        ("a.html", &b"<!DOCTYPE html>\n<html><body>Log in"[..], "a web page"),
        ("b.pth", b"\xef\xbb\xbf\r\n  <HTML lang=\"en\">", "a web page"),
        ("c.safetensors", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied", "a web page"),
        ("d.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08", "it is no whole HDF5 file"),
        ("e.gguf", b"GGUF\x03\0\0\0\0\0\0\0", "GGUF, is not supported"),
        ("f.tflite", b"\x1c\0\0\0TFL3\x14\0\x20\0", "TensorFlow Lite, is not supported"),
        ("g.onnx", b"\x08\x08\x12\x07pytorch\x1a\x05", "ONNX, is not supported"),
        ("h.onnx", b"\x08\x04:\x10abcdefghijklmnop", "ONNX, is not supported"),
        ("i.pb", b"\x08\x01\x12\x99\x8a\x04\x0a\x16", "SavedModel, is not supported"),
        ("j.npy", b"\x93NUMPY\x01\0v\0{'descr'", "NumPy's .npy, is not supported"),
        ("k.pth.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "it is compressed: unpack it with gunzip"),
        ("l.tar", &tar, "a tar archive: unpack it"),
        (
            "variables.index",
            b"\0\0\x0c\x08\x01\x1a\x02\x08\x01abc",
            "called like the index of a TensorFlow checkpoint, and ends",
        ),
        (
            "other.data-00000-of-00001",
            b"\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34",
            "a TensorFlow checkpoint without its index",
        ),
        ("config.json", b"{\"architecture\": \"tf_efficientnetv2_s\"}", "a JSON file"),
        ("n.json", json_with_mark.as_bytes(), "a JSON file"),
        ("o.bin", b"{ not JSON at all", "neither a safetensors file nor"),
        ("p.txt", b"just a longer piece of text", "neither a safetensors file nor"),
        ("q.pth", b"", "neither a safetensors file nor"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let text = error_of(&path);
        assert!(text.contains(says), "{name}: `{says}` is not in: {text}");
    }
}

/// Names within the scheme that the network lacks belong to another network; the file's classifier is an exception.
#[test]
fn what_the_network_lacks_stays_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let plain = WeightsFile::open(fixture("plain.safetensors")).unwrap();
    for (name, refused) in [
        ("blocks.60.0.conv_pw.weight", true),
        ("blocks.1.0.attention.weight", true),
        ("conv_stem.bias", true),
        ("classifier.2.weight", true),
        ("blocks.1.0.conv_pw.weight_mask", false),
        ("head.weight", false),
        ("total_ops", false),
        ("bn1.num_batches_tracked", false),
    ] {
        let mut tensors: std::collections::HashMap<String, _> = plain
            .tensors()
            .map(|(name, _)| (format!("module.{name}"), plain.read(name, &candle_core::Device::Cpu).unwrap()))
            .collect();
        tensors.insert(format!("module.{name}"), tensors["module.bn1.weight"].clone());
        candle_core::safetensors::save(&tensors, &path).unwrap();
        let file = WeightsFile::open(&path).unwrap();
        let loaded = load(&file, &network(&file), Purpose::Restore);
        match loaded {
            Err(Error::Mismatch(mismatch)) if refused => {
                assert_eq!((&mismatch.unexpected[..], &mismatch.missing[..]), (&[name.to_owned()][..], &[][..]));
            }
            Ok(loaded) if !refused => {
                let counted: &[&str] = if name.ends_with("tracked") { &[] } else { &[name] };
                assert_eq!(loaded.left_out, counted);
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// A tensor of another format is an error when it is asked for, and before anything changes.
#[test]
fn a_weight_must_be_a_float() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let written = std::fs::read(fixture("plain.safetensors")).unwrap();
    for (format, size) in [("BOOL", 1), ("I32", 4), ("U64", 8), ("F8_E5M2", 1)] {
        // Declares the file's last bytes, the classifier's bias, as another format.
        let (length, rest) = written.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let mut header: serde_json::Value = serde_json::from_slice(header).unwrap();
        let end = data.len();
        header["extra"] = header["classifier.bias"].clone();
        header["classifier.bias"] = serde_json::json!({
            "dtype": format, "shape": [2], "data_offsets": [end, end + 2 * size],
        });
        let header = header.to_string();
        let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data, &vec![0; 2 * size]].concat();
        std::fs::write(&path, file).unwrap();
        let file = WeightsFile::open(&path).unwrap();
        let target = build(2, Params::new(1).builder()).unwrap();
        let text = load(&file, &target, Purpose::Restore).unwrap_err().to_string();
        assert!(text.contains("`classifier.bias` in ") && text.contains(&format!(" is {format};")), "{text}");
    }
}
