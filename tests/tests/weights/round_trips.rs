//! Every named variant under the names of every program that can name it, in every format, and back: the identity.

use std::collections::HashMap;

use effnet_models::{VARIANTS, find};
use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::{Metadata, NumberFormat, Scheme, WeightsFile, export_as, read_network};
use effnet_runtime::{Dialect, DynamicModel, Network, Params};
use effnet_tests::formula::weights;
use tempfile::TempDir;

use super::foreign::table;
use super::models::state;

const CLASSES: usize = 3;

/// The variant's table with few channels: its names and layouts are the variant's, and its files are small.
fn narrow(spec: &Spec) -> Spec {
    let mut narrow = spec.clone();
    for row in narrow.rows.to_mut() {
        (row.in_channels, row.out_channels) = (8, 8);
    }
    narrow.settings.num_features = 16;
    narrow
}

/// A network without two equal tensors.
fn network(spec: &Spec) -> DynamicModel {
    let norms = spec.parameters(CLASSES).filter(|(name, _)| name.ends_with("running_var")).count();
    let tensors: HashMap<String, Tensor> = weights(Scheme::Own, spec, CLASSES, &vec![1.0; norms]).unwrap();
    let network = DynamicModel::from_spec(spec, CLASSES, Params::for_loading(None, &Device::Cpu).builder()).unwrap();
    for (name, var) in network.params().all() {
        var.set(&tensors[&name]).unwrap();
    }
    network
}

/// Number of programs that can name the network, of `Scheme::ALL`.
fn comes_back(spec: &Spec) -> usize {
    let network = network(spec);
    let (about, expected) = (Metadata::of(&network, "any", &[]), state(&network));
    let build = |classes, vb| DynamicModel::from_spec(spec, classes, vb);
    let mut programs = 0;
    for scheme in Scheme::ALL.into_iter().filter(|scheme| scheme.pairs(spec).is_ok()) {
        let folder = TempDir::new().unwrap();
        let ends = [".safetensors", ".pth", ".weights.h5", ".h5"];
        for end in &ends[..if scheme == Scheme::Keras { 4 } else { 2 }] {
            let path = folder.path().join(format!("any{end}"));
            export_as(&path, &network, &about, scheme, NumberFormat::F32).unwrap();
            let file = WeightsFile::open(&path).unwrap();
            assert_eq!(file.scheme().unwrap(), scheme);
            let again = read_network(&file, spec, Dialect::of(&spec.settings), &Device::Cpu, build).unwrap();
            assert!(state(&again) == expected, "{} by {scheme}, {end}", spec.name);
        }
        programs += 1;
    }
    programs
}

#[test]
fn every_variant_comes_back_from_every_program_that_can_name_it() {
    for variant in &VARIANTS {
        let spec = variant.spec();
        let narrow = narrow(spec);
        let names = |scheme: Scheme, spec: &Spec| scheme.pairs(spec).map(|pairs| pairs.len()).ok();
        for scheme in Scheme::ALL {
            assert_eq!(names(scheme, &narrow), names(scheme, spec), "{} by {scheme}", variant.name());
        }
        let programs = match variant.name() {
            // Among the others, timm alone has an expand convolution of as many channels as its block takes.
            "efficientnetv2_rw_s" | "efficientnetv2_rw_m" => 2,
            // It has 32 blocks in a stage, which Keras letters; lukemelas' program lacks fused blocks.
            "xl" => Scheme::ALL.len() - 2,
            first if first.starts_with("efficientnet-b") => Scheme::ALL.len(),
            // All blocks of torchvision have a squeeze-and-excitation, which Lite lacks.
            lite if lite.starts_with("lite") => Scheme::ALL.len() - 1,
            _ => Scheme::ALL.len() - 1,
        };
        assert_eq!(comes_back(&narrow), programs, "{}", variant.name());
    }
}

#[test]
fn tables_come_back_from_every_program_that_can_name_them() {
    assert_eq!(comes_back(&table("tiny").unwrap()), Scheme::ALL.len() - 1);
    assert_eq!(comes_back(&table("tiny-mbconv").unwrap()), Scheme::ALL.len());
    // Keras has other names for the first EfficientNet than for a table of its kind.
    assert_eq!(comes_back(find("efficientnet-b0").unwrap().spec()), Scheme::ALL.len());
}
