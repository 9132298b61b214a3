use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use effnet_spec::Settings;

use super::*;
use crate::weights::WeightsFile;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/weights/fixtures/keras").join(name)
}

/// Keras's weights of its small network, in the order of its layers.
fn tensors() -> Vec<Named> {
    let file = WeightsFile::open(fixture("keras3.h5")).unwrap();
    let blocks = |block: &str| {
        ["expand_conv", "expand_bn", "dwconv2", "bn", "se_reduce", "se_expand", "project_conv", "project_bn"]
            .map(|layer| format!("{block}_{layer}"))
    };
    let mut layers = vec!["stem_conv".to_owned(), "stem_bn".to_owned()];
    layers.extend(["block1a", "block2a", "block3a", "block3b"].into_iter().flat_map(blocks));
    layers.extend(["top_conv", "top_bn", "predictions"].map(str::to_owned));
    let names = layers.iter().flat_map(|layer| VARIABLES.map(|variable| format!("{layer}/{variable}")));
    let names = names.filter(|name| file.info(name).is_some());
    names.map(|name| Named::new(name.clone(), file.read(&name, &Device::Cpu).unwrap())).collect()
}

/// What a file holds: paths, shapes and bits, and the names of layers.
fn content(path: &Path) -> BTreeMap<String, String> {
    fn visit(group: &hdf5_pure::Group, path: &str, content: &mut BTreeMap<String, String>) {
        for (key, value) in group.attrs().unwrap() {
            content.insert(format!("{path} {key}"), format!("{:?}", value.as_strings()));
        }
        for name in group.datasets().unwrap() {
            let dataset = group.dataset(&name).unwrap();
            let bits: Vec<u32> = dataset.read_f32().unwrap().into_iter().map(f32::to_bits).collect();
            content.insert(format!("{path}/{name}"), format!("{:?} {bits:?}", dataset.shape().unwrap()));
        }
        for name in group.groups().unwrap() {
            visit(&group.group(&name).unwrap(), &format!("{path}/{name}"), content);
        }
    }
    let mut content = BTreeMap::new();
    visit(&hdf5_pure::File::open(path).unwrap().root(), "", &mut content);
    content
}

#[test]
fn a_file_holds_what_keras_writes_of_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let [weights, h5] = ["w.weights.h5", "w.h5"].map(|name| folder.path().join(name));
    write_keras_weights(&weights, &tensors()).unwrap();
    let mut theirs = content(&fixture("keras3.weights.h5"));
    let ours = content(&weights);
    // Layers without variables have names too.
    theirs.retain(|path, _| !path.ends_with(" name") || ours.contains_key(path));
    assert!(ours == theirs, "{:?}", ours.keys().zip(theirs.keys()).find(|(ours, theirs)| ours != theirs));

    write_keras_h5(&h5, &tensors()).unwrap();
    let model = "/model_weights";
    let theirs: BTreeMap<_, _> = content(&fixture("keras3.h5"))
        .into_iter()
        .filter_map(|(path, value)| Some((path.strip_prefix(model)?.to_owned(), value)))
        .collect();
    let (found, expected) = (content(&h5), tensors().len());
    let datasets: Vec<_> = found.iter().filter(|(path, _)| !path.contains(' ')).collect();
    assert_eq!(datasets.len(), expected);
    for (path, value) in found.iter().filter(|(path, _)| !path.starts_with(' ')) {
        assert_eq!(Some(value), theirs.get(path), "{path}");
    }
    assert!(found[" layer_names"].starts_with("Some([\"stem_conv\", \"stem_bn\", \"block1a_project_conv\", "));
}

#[test]
fn bytes_depend_on_the_tensors_alone_and_are_read_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    type Write = fn(&Path, &[Named]) -> Result<()>;
    let writers: [Write; 2] =
        [|path, tensors| write_keras_weights(path, tensors), |path, tensors| write_keras_h5(path, tensors)];
    for write in writers {
        write(&one, &tensors()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        write(&other, &tensors()).unwrap();
        assert!(std::fs::read(&one).unwrap() == std::fs::read(&other).unwrap());
        let file = WeightsFile::open(&one).unwrap();
        for Named { name, values } in tensors() {
            let bits = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let read = file.read(&name, &Device::Cpu).unwrap();
            assert_eq!((read.dims(), bits(&read)), (values.dims(), bits(&values)), "{name}");
        }
        assert_eq!(file.tensors().count(), tensors().len());
    }
}

#[test]
fn what_keras_cannot_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.weights.h5");
    let zero = Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap();
    for (names, reason) in [
        (&["stem_conv/kernel", "stem.conv.weight"][..], "`stem.conv.weight` is no name of Keras's"),
        (&["/kernel"], "`/kernel` is no name of Keras's"),
        (&["block1a_dwconv/kernel"], "wants the mean and variance of images in it: write a `.h5`"),
        (&["top_bn/gamma", "stem_conv/kernel", "top_bn/gamma"], "two tensors are called `top_bn/gamma`"),
    ] {
        let tensors: Vec<_> = names.iter().map(|name| Named::new(*name, zero.clone())).collect();
        let error = write_keras_weights(&path, &tensors).unwrap_err().to_string();
        assert!(error.contains(reason) && !path.exists(), "{error}");
    }
    let whole = ["normalization/mean", "normalization/variance", "normalization/count", "block1a_dwconv/kernel"];
    write_keras_weights(&path, &whole.map(|name| Named::new(name, zero.clone()))).unwrap();
    assert!(content(&path).contains_key("/layers/normalization/vars/2"));
    assert!(WeightsFile::open_whole(&path).unwrap().info("normalization/count").is_some());
}

#[test]
fn the_first_efficientnet_has_the_dialects_images_among_its_weights() {
    let zero = Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap();
    let named = |name: &str| [Named::new(name, zero.clone())];
    let dialect = Dialect { mean: vec![0.5], std: vec![0.25], ..Dialect::of(&Settings::DEFAULT) };
    let images = images_of_keras(&named("block1a_dwconv/kernel"), &dialect, 3).unwrap();
    let found: Vec<_> = images.iter().map(|named| (named.name.as_str(), named.values.dims())).collect();
    assert_eq!(
        found,
        [("normalization/mean", &[3][..]), ("normalization/variance", &[3]), ("normalization/count", &[])]
    );
    assert_eq!(images[0].values.to_vec1::<f32>().unwrap(), [0.5; 3]);
    assert_eq!(images[1].values.to_vec1::<f32>().unwrap(), [0.0625; 3]);
    assert!(images_of_keras(&named("block1a_dwconv2/kernel"), &dialect, 3).unwrap().is_empty());
}
