//! The tables of the reference files.

use std::borrow::Cow;

use effnet_runtime::candle::{Device, Result};
use effnet_runtime::spec::{Operator, Row, Settings, Spec};
use effnet_runtime::weights::{Convention, WeightsFile, read_network};
use effnet_runtime::{DynamicModel, Network};

const FUSED: Operator = Operator::Fused;
const MBCONV: Operator = Operator::MbConv;

/// The reference models drop nothing.
fn spec(name: &'static str, rows: Vec<Row>) -> Spec {
    let settings = Settings { num_features: 48, dropout: 0.0, drop_path: 0.0, ..Settings::DEFAULT };
    Spec { name: Cow::Borrowed(name), rows: Cow::Owned(rows), settings }
}

/// `TABLES["mixed"]` of `golden.py`, which `seed.pth` has too.
pub(crate) fn mixed() -> Spec {
    spec(
        "Mixed",
        vec![
            Row::new(1, 3, 1, 1, 8, 8, FUSED, 0.0),
            Row::new(2, 3, 2, 4, 8, 16, FUSED, 0.0),
            Row::new(2, 3, 2, 4, 16, 24, MBCONV, 0.25),
            Row::new(2, 5, 1, 6, 24, 24, MBCONV, 0.25),
            Row::new(2, 5, 2, 6, 24, 32, MBCONV, 0.25),
        ],
    )
}

/// `arch` of `golden_names.py`.
pub(crate) fn same() -> Spec {
    spec(
        "Same",
        vec![
            Row::new(1, 3, 1, 1, 8, 8, FUSED, 0.0),
            Row::new(2, 3, 2, 4, 8, 16, FUSED, 0.0),
            Row::new(2, 3, 2, 4, 16, 24, MBCONV, 0.25),
            Row::new(1, 5, 2, 6, 24, 32, MBCONV, 0.25),
        ],
    )
}

/// A network and what to call it in a message.
pub(crate) type Named = (&'static str, Box<dyn Network>);

fn dynamic(file: &WeightsFile, spec: &Spec, said: Option<Convention>) -> Result<DynamicModel> {
    Ok(read_network(file, spec, said, &Device::Cpu, |classes, vb| DynamicModel::from_spec(spec, classes, vb))?)
}

/// Every implementation of [`mixed`], with the file's weights.
pub(crate) fn all_mixed(file: &WeightsFile) -> Vec<Named> {
    vec![("DynamicModel", Box::new(dynamic(file, &mixed(), None).unwrap()))]
}

/// Every implementation of [`same`], with the file's weights.
pub(crate) fn all_same(file: &WeightsFile, said: Convention) -> Vec<Named> {
    vec![("DynamicModel", Box::new(dynamic(file, &same(), Some(said)).unwrap()))]
}
