use candle_core::Device;

use super::*;
use crate::weights::WeightsFile;

/// Tensors of one to four dimensions, one of them without.
fn tensors() -> Vec<Named> {
    let counted = |shape: &[usize], scale: f32| {
        let values: Vec<f32> = (0..shape.iter().product()).map(|at: usize| (at as f32 * 0.37).sin() * scale).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    vec![
        Named::new("stem.conv.weight", counted(&[4, 3, 3, 3], 0.5)),
        Named::new("stem.bn.running_mean", counted(&[4], 1e-8)),
        Named::new("stem.bn.running_var", counted(&[4], 3e4)),
        // Not contiguous in memory.
        Named::new("head.classifier.weight", counted(&[3, 5], 2.0).t().unwrap()),
        Named::new("head.scale", counted(&[], 1.0)),
    ]
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

#[test]
fn what_was_written_is_read_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    for format in [NumberFormat::F32, NumberFormat::F16, NumberFormat::Bf16] {
        for batch_counts in [false, true] {
            write_torch(&path, &tensors(), format, batch_counts).unwrap();
            let file = WeightsFile::open(&path).unwrap();
            assert_eq!(file.tensors().count(), tensors().len() + usize::from(batch_counts));
            for Named { name, values } in tensors() {
                assert_eq!(file.info(&name).unwrap().dtype, format.dtype(), "{name}");
                let read = file.read(&name, &Device::Cpu).unwrap();
                assert_eq!(read.dims(), values.dims(), "{name}");
                assert_eq!(bits(&read), bits(&values.to_dtype(format.dtype()).unwrap()), "{name}");
            }
            if batch_counts {
                let count = file.read("stem.bn.num_batches_tracked", &Device::Cpu).unwrap();
                assert_eq!((count.dims(), count.to_scalar::<i64>().unwrap()), (&[][..], 0));
            }
        }
    }
}

/// FNV-1a, in 64 bits.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// PyTorch 2.15 has opened this very file with `weights_only=True`, and mapped it.
#[test]
fn bytes_depend_on_the_state_alone() {
    let folder = tempfile::tempdir().unwrap();
    // Values that every machine computes alike.
    let values = Tensor::from_vec((0..24).map(|at| at as f32 / 8.0).collect(), (2, 3, 2, 2), &Device::Cpu).unwrap();
    let tensors = [Named::new("a.weight", values.clone()), Named::new("b.running_var", values.flatten_all().unwrap())];
    for name in ["one.pth", "another.bin"] {
        let path = folder.path().join(name);
        write_torch(&path, &tensors, NumberFormat::F32, true).unwrap();
        assert_eq!(digest(&std::fs::read(&path).unwrap()), 15_155_078_813_194_981_956, "{name}");
    }
}

#[test]
fn storages_are_aligned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    write_torch(&path, &tensors(), NumberFormat::F16, true).unwrap();
    let mut zip = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
    for at in 0..zip.len() {
        let entry = zip.by_index_raw(at).unwrap();
        let is_storage = entry.name().unwrap().contains("/data/");
        assert!(!is_storage || entry.data_start().unwrap().is_multiple_of(u64::from(ALIGNMENT)), "{:?}", entry.name());
    }
}

#[test]
fn what_cannot_be_written_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    let twice = [tensors(), tensors()].concat();
    let large = [Named::new("large", Tensor::new(&[65_520f32], &Device::Cpu).unwrap())];
    for (tensors, format, says) in [
        (&twice[..], NumberFormat::F32, "two tensors are called `stem.conv.weight`"),
        (&large[..], NumberFormat::F16, "a value of `large` is too large for 16 bits"),
    ] {
        let error = write_torch(&path, tensors, format, false).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("w.pth"), "{error}");
        assert!(!path.exists());
    }
    write_torch(&path, &large, NumberFormat::Bf16, false).unwrap();
}
