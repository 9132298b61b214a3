use effnet_runtime::candle::{Device, ModuleT, Tensor};
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::{self, Metadata, Purpose, Scheme, WeightsFile};
use effnet_runtime::{DynamicModel, Network, Params};

use crate::{Small, bits, sentence};

/// The table of `Small`, for images of another number of channels.
fn of_channels(channels: usize) -> Spec {
    let mut spec = Small::SPEC;
    spec.settings.in_channels = channels;
    spec
}

/// A file of weights for colour images, as a scheme names and stores them.
fn colour(folder: &tempfile::TempDir, scheme: Scheme) -> (Small, WeightsFile) {
    let network = Small::new(10, Params::new(5).builder()).unwrap();
    let path = folder.path().join("colour.safetensors");
    let theirs = scheme.pairs(&Small::SPEC).unwrap().into_iter().map(|pair| {
        (pair.theirs, pair.layout.to_theirs(network.params().get(&pair.ours).unwrap().as_tensor()).unwrap())
    });
    weights::save(&path, theirs, &Metadata::of(&network, "colour", &[])).unwrap();
    (network, WeightsFile::open(path).unwrap())
}

#[test]
fn a_grey_network_sees_what_one_for_colours_sees_in_grey() {
    let grey = Tensor::rand(-1f32, 1f32, (2, 1, 32, 32), &Device::Cpu).unwrap();
    let colours = Tensor::cat(&[&grey, &grey, &grey], 1).unwrap();
    for scheme in [Scheme::Own, Scheme::Timm, Scheme::Keras] {
        let folder = tempfile::tempdir().unwrap();
        let (trained, file) = colour(&folder, scheme);
        let network = DynamicModel::from_spec(&of_channels(1), 10, Params::new(0).builder()).unwrap();
        let loaded = weights::load(&file, &network, Purpose::FineTune).unwrap();
        assert_eq!((loaded.adapted_from, loaded.kept_classifier), (Some(3), false));
        let [ours, theirs] =
            [network.forward_t(&grey, false), trained.forward_t(&colours, false)].map(|logits| logits.unwrap());
        let difference = (ours - &theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        let largest = theirs.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-5 * largest, "{difference} of {largest}");
    }
}

#[test]
fn classes_and_channels_may_both_be_others_for_a_beginning_and_for_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (trained, file) = colour(&folder, Scheme::Torchvision);
    let network = DynamicModel::from_spec(&of_channels(4), 3, Params::new(0).builder()).unwrap();
    let refused = sentence(weights::load(&file, &network, Purpose::Restore));
    assert!(refused.contains("`features.0.0.weight` is [8, 3, 3, 3] in the file and [8, 4, 3, 3]"), "{refused}");
    let own = network.params().get("head.classifier.weight").map(|var| bits(&var));
    let loaded = weights::load(&file, &network, Purpose::FineTune).unwrap();
    assert_eq!((loaded.adapted_from, loaded.kept_classifier), (Some(3), true));
    assert_eq!(network.params().get("head.classifier.weight").map(|var| bits(&var)), own);
    let stem = |network: &dyn Network, channel| {
        let weight = network.params().get("stem.conv.weight").unwrap();
        weight.narrow(1, channel, 1).unwrap().contiguous().unwrap()
    };
    let scaled = (stem(&trained, 0) * 0.75).unwrap();
    assert_eq!([bits(&stem(&network, 0)), bits(&stem(&network, 3))], [bits(&scaled), bits(&scaled)]);
}
