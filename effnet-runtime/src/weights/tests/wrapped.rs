//! Files that hold the weights, however wrapped.

use candle_core::Device;

use super::{bits, build, fixture, images, network, said, spec, state};
use crate::infer::{Engine, Options};
use crate::weights::{Loaded, Purpose, Scheme, WeightsFile, load, read_network};

/// Files, and the tensors left out of each; an ellipsis stands for more of the kind before it.
const FILES: [(&str, &[&str]); 25] = [
    ("plain.safetensors", &[]),
    ("protocol2.pth", &[]),
    ("protocol3.pth", &[]),
    ("protocol4.pth", &[]),
    ("protocol5.pth", &[]),
    ("legacy.pth", &[]),
    ("legacy_strided.pth", &[]),
    ("compiled.pth", &[]),
    ("compiled_parallel.pth", &[]),
    ("averaged.pth", &["n_averaged"]),
    ("backbone.pth", &["ema.decay", "loss.pos_weight"]),
    ("torchvision_encoder.pth", &[]),
    ("own_net.pth", &[]),
    ("prefixed.safetensors", &["n_averaged"]),
    ("net.pth", &[]),
    ("only_averages.pth", &[]),
    ("model_state.pth", &[]),
    ("two_levels.pth", &[]),
    ("checkpoint2.pth", &["rng"]),
    ("checkpoint4.pth", &["rng"]),
    ("legacy_checkpoint.pth", &["rng"]),
    ("beside.pth", &BESIDE),
    ("legacy_beside.pth", &BESIDE),
    ("beside.safetensors", &["fifth", "mask", "seen", "wide"]),
    ("nested.safetensors", &["n_averaged", "teacher.stem.conv.weight"]),
];

/// Files with another network's weights as averages of these, and the tensors left out where the plain ones are taken, and
/// where the averages are.
const AVERAGED: [(&str, [&[&str]; 2]); 2] = [
    ("averages_beside.pth", [&["state_dict_ema.blocks.0.0.bn1.bias", "…"], &["state_dict.blocks.0.0.bn1.bias", "…"]]),
    (
        "lightning.ckpt",
        [
            &[
                "callbacks.ModelCheckpoint{'monitor': 'val'}.best_model_score",
                "state_dict.criterion.weight",
                "state_dict.ema_model.blocks.0.0.bn1.bias",
                "…",
            ],
            &[
                "callbacks.ModelCheckpoint{'monitor': 'val'}.best_model_score",
                "state_dict.criterion.weight",
                "state_dict.model.blocks.0.0.bn1.bias",
                "…",
            ],
        ],
    ),
];

/// Tensors of other kinds than weights.
const BESIDE: [&str; 9] = ["coarse", "eighth", "expanded", "fifth", "mask", "phase", "seen", "sparse", "wide"];

/// Number of the network's weights and buffers.
const WEIGHTS: usize = 36;

fn left_out_is(loaded: &Loaded, expected: &[&str], name: &str) {
    let left_out: Vec<_> = loaded.left_out.iter().map(String::as_str).collect();
    match expected {
        [first @ .., kind, "…"] => {
            let (prefix, _) = kind.split_once("blocks.").unwrap();
            assert_eq!(left_out[..first.len()], *first, "{name}");
            assert_eq!(left_out[first.len()], *kind, "{name}");
            assert!(left_out[first.len()..].iter().all(|name| name.starts_with(prefix)), "{name}: {left_out:?}");
            assert_eq!(left_out.len(), first.len() + WEIGHTS, "{name}: {left_out:?}");
        }
        all => assert_eq!(left_out, all, "{name}"),
    }
}

/// Writes the one file that PyTorch does not make: our names below a prefix, with another network's beside.
fn write_nested(path: &std::path::Path) {
    let plain = WeightsFile::open(fixture("plain.safetensors")).unwrap();
    let read = |name: &str| plain.read(name, &Device::Cpu).unwrap();
    let pairs = Scheme::Timm.pairs(&spec()).unwrap().into_iter();
    let mut tensors: std::collections::HashMap<_, _> =
        pairs.map(|pair| (format!("module.net.{}", pair.ours), read(&pair.theirs))).collect();
    tensors.insert("teacher.stem.conv.weight".into(), read("conv_stem.weight"));
    tensors.insert("n_averaged".into(), read("bn1.weight"));
    candle_core::safetensors::save(&tensors, path).unwrap();
}

#[test]
fn every_wrapping_gives_the_plain_files_network_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("nested.safetensors");
    write_nested(&nested);
    let plain = WeightsFile::open(fixture("plain.safetensors")).unwrap();
    let reference = network(&plain);
    load(&plain, &reference, Purpose::Restore).unwrap();
    let expected = state(&reference);
    assert_eq!(expected.len(), WEIGHTS);
    let options = Options::default().with_threads(1);
    let engine = |file: &WeightsFile| Engine::open(file, &spec(), said(file), &options).unwrap();
    let logits = bits(&engine(&plain).forward(&images()).unwrap());
    assert!(logits.iter().all(|bits| f32::from_bits(*bits).is_finite()));

    for (name, left_out) in FILES {
        let path = if name == "nested.safetensors" { nested.clone() } else { fixture(name) };
        let file = WeightsFile::open(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let target = network(&file);
        assert_ne!(state(&target), expected);
        let loaded = load(&file, &target, Purpose::Restore).unwrap_or_else(|error| panic!("{name}: {error}"));
        left_out_is(&loaded, left_out, name);
        assert_eq!(state(&target), expected, "{name}");
        let read = read_network(&file, &spec(), said(&file), &Device::Cpu, build).unwrap();
        assert_eq!(state(&read), expected, "{name}");
        assert_eq!(file.num_classes().unwrap(), Some(2), "{name}");
        if file.scheme().unwrap() == Scheme::Timm {
            assert_eq!(bits(&engine(&file).forward(&images()).unwrap()), logits, "{name}");
        }
    }
}

#[test]
fn averaged_weights_are_taken_unless_plain_ones_are_asked_for() {
    let filled = |file: &WeightsFile, left_out, name| {
        let network = network(file);
        left_out_is(&load(file, &network, Purpose::Restore).unwrap(), left_out, name);
        state(&network)
    };
    let plain = WeightsFile::open(fixture("plain.safetensors")).unwrap();
    let expected = filled(&plain, &[], "plain.safetensors");
    let mut averages = Vec::new();
    for (name, [beside_plain, beside_averages]) in AVERAGED {
        let [plain, averaged] = [WeightsFile::open_plain, WeightsFile::open].map(|open| open(fixture(name)).unwrap());
        assert_eq!(filled(&plain, beside_plain, name), expected, "{name}");
        averages.push(filled(&averaged, beside_averages, name));
    }
    assert_eq!(averages[0], averages[1]);
    assert!(averages[0].iter().zip(&expected).all(|(average, plain)| average != plain));
    // A file of averages alone has nothing else to give.
    let alone = WeightsFile::open_plain(fixture("only_averages.pth")).unwrap();
    assert_eq!(filled(&alone, &[], "only_averages.pth"), expected);
}
