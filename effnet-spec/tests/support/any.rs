//! Any legal network, for property tests.

use effnet_spec::{Activation, Operator, Padding, Row, Settings, Spec};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A row's cells but the channels in, which the row above decides.
fn row() -> impl Strategy<Value = Row> {
    let operator = select(vec![Operator::Fused, Operator::MbConv]);
    let ratio = prop_oneof![Just(0.0), Just(1.0), 0.01..1.0_f64];
    let shape = (1..4_usize, select(vec![3_usize, 5, 7]), 1..3_usize, 1..7_usize, 1..40_usize);
    (shape, operator, ratio).prop_map(|((repeats, kernel, stride, expansion, out), operator, se_ratio)| {
        Row::new(repeats, kernel, stride, expansion, 0, out, operator, se_ratio)
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let size = prop::option::of(1..600_usize);
    let rates = (0.0..1.0_f64, 0.0..1.0_f64, 1e-9..1.0_f64, 0.0..=1.0_f64);
    let kinds = (select(Padding::ALL.to_vec()), select(Activation::ALL.to_vec()));
    let pixels = (vec(-1.0..1.0_f64, 1..3), vec(0.01..2.0_f64, 1..3));
    (1..2_000_usize, rates, kinds, size.clone(), size, pixels).prop_map(
        |(num_features, (dropout, drop_path, bn_eps, bn_momentum), kinds, train_size, eval_size, (mean, std))| {
            Settings {
                in_channels: 2,
                num_features,
                dropout,
                drop_path,
                bn_eps,
                bn_momentum,
                padding: kinds.0,
                activation: kinds.1,
                train_size,
                eval_size,
                mean: mean.into(),
                std: std.into(),
            }
        },
    )
}

/// Any legal network.
pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    (1..40_usize, vec(row(), 1..6), settings()).prop_map(|(stem, mut rows, settings)| {
        let mut channels = stem;
        for row in &mut rows {
            row.in_channels = channels;
            channels = row.out_channels;
        }
        Spec { name: "Any".into(), rows: rows.into(), settings }
    })
}
