//! The named variants' parameters, by name and shape, are those of torchvision's, timm's and lukemelas' models.
//!
//! `names/generate.py` made `names/digests.txt` of these; the lists themselves would be a megabyte.

use std::collections::HashMap;

use effnet_models::find;
use effnet_runtime::Params;
use effnet_runtime::candle::Device;
use effnet_runtime::weights::Scheme;
use effnet_tests::formula::fnv1a;

/// Names and shapes of a variant, one a line, sorted.
fn lines(scheme: Scheme, variant: &str) -> Vec<String> {
    let variant = find(variant).unwrap();
    // Zeros that nobody touches take no memory: XL's 832 MB are not there.
    let network = variant.build(1000, Params::for_loading(None, &Device::Cpu).builder()).unwrap();
    let shapes: HashMap<_, _> =
        network.params().all().into_iter().map(|(name, var)| (name, var.dims().to_vec())).collect();
    let pairs = scheme.pairs(variant.spec()).unwrap();
    assert_eq!(pairs.len(), shapes.len(), "the network's parameters and the map's");
    let mut lines: Vec<_> = pairs.iter().map(|pair| format!("{} {:?}\n", pair.theirs, shapes[&pair.ours])).collect();
    lines.sort();
    lines
}

#[test]
fn named_variants_have_the_names_and_shapes_of_other_implementations() {
    let digests = include_str!("names/digests.txt");
    for row in digests.lines() {
        let fields: Vec<_> = row.split(' ').collect();
        let [library, variant, count, digest] = fields[..] else { panic!("{row}") };
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.to_string() == library).unwrap();
        let lines = lines(scheme, variant);
        assert_eq!(lines.len().to_string(), count, "{library} {variant}");
        let text = lines.concat();
        assert!(
            format!("{:016x}", fnv1a(&text)) == digest,
            "{library} {variant}: compare with `generate.py {library} {variant}`:\n{text}"
        );
    }
    assert_eq!(digests.lines().count(), 3 + 8 + 9);
}
