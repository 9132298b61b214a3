//! Any legal network, for property tests.

use effnet_spec::{
    Activation, DepthRounding, Expansion, Gate, HeadKind, Operator, Padding, Row, Scale, Scaling, SeOf, Settings, Spec,
    Squeeze,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A row's cells and options, but for the channels in, which the row above decides.
fn row() -> impl Strategy<Value = Row> {
    let operator = select(Operator::ALL.to_vec());
    let ratio = prop_oneof![Just(0.0), Just(1.0), 0.01..1.0_f64];
    let shape = (1..4_usize, select(vec![3_usize, 5, 7]), 1..3_usize, 1..7_usize, 1..40_usize);
    let numbers = (prop::option::of(1..100_usize), prop::option::of(1..20_usize));
    let activation = prop::option::of(select(Activation::ALL.to_vec()));
    (shape, operator, ratio, numbers, activation, any::<[bool; 4]>()).prop_map(
        |((repeats, kernel, stride, expansion, out), operator, se_ratio, numbers, activation, flags)| {
            let plain = operator == Operator::Plain;
            let (expansion, se_ratio) = if plain { (1, 0.0) } else { (expansion, se_ratio) };
            let mut row = Row::new(repeats, kernel, stride, expansion, 0, out, operator, se_ratio);
            let [shortcut, expand_conv, project_activation, same_stage] = flags;
            (row.activation, row.same_stage) = (activation, same_stage);
            if plain {
                row.kernel = if expand_conv { 1 } else { kernel };
                row.shortcut = shortcut;
                return row;
            }
            row.shortcut = shortcut;
            row.expand_conv = expand_conv && expansion == 1;
            row.project_activation = project_activation && (expansion > 1 || operator == Operator::MbConv);
            if let Some(expanded) = numbers.0 {
                (row.expansion, row.expand_conv) = (Expansion::Channels(expanded), false);
            }
            row.squeeze = numbers.1.map_or(row.squeeze, Squeeze::Channels);
            row
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let size = prop::option::of(1..600_usize);
    let rates = (0.0..1.0_f64, 0.0..1.0_f64, 1e-9..1.0_f64, 0.0..=0.5_f64);
    let kinds = (select(Padding::ALL.to_vec()), select(Activation::ALL.to_vec()));
    let head = (select(HeadKind::ALL.to_vec()), any::<bool>(), 1..2_000_usize, select(vec![1_usize, 3, 5, 7]));
    let se =
        (select(Gate::ALL.to_vec()), prop::option::of(select(Activation::ALL.to_vec())), select(SeOf::ALL.to_vec()));
    let pixels = (vec(-1.0..1.0_f64, 1..3), vec(0.01..=1.0_f64, 1..3));
    (head, rates, kinds, se, size.clone(), size, pixels).prop_map(
        |(head, (dropout, drop_path, bn_eps, bn_momentum), kinds, se, train_size, eval_size, (mean, std))| {
            let (head, bias, num_features, stem_kernel) = head;
            Settings {
                in_channels: 2,
                // Text says no width of a convolution that is not there.
                num_features: if head == HeadKind::None { Settings::DEFAULT.num_features } else { num_features },
                head,
                head_bias: bias || head != HeadKind::Pooled,
                stem_kernel,
                dropout,
                drop_path,
                bn_eps,
                bn_momentum,
                padding: kinds.0,
                activation: kinds.1,
                se_gate: se.0,
                se_activation: se.1,
                se_of: se.2,
                train_size,
                eval_size,
                mean: mean.into(),
                std: std.into(),
            }
        },
    )
}

/// Any scaling by factors that leave a network small.
#[allow(dead_code, reason = "not every test scales")]
pub(crate) fn scaling() -> impl Strategy<Value = Scaling> {
    let rules = (select(Scale::ALL.to_vec()), select(DepthRounding::ALL.to_vec()));
    let features = (any::<bool>(), 0..3_000_usize);
    (0.1..4.0_f64, 0.1..4.0_f64, rules, features).prop_map(|(width, depth, rules, (fixed_features, min_features))| {
        let (scale, depth_rounding) = rules;
        Scaling { width, depth, scale, depth_rounding, fixed_features, min_features }
    })
}

/// Any legal network.
pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    (1..40_usize, vec(row(), 1..6), settings()).prop_map(|(stem, mut rows, settings)| {
        let mut channels = stem;
        for row in &mut rows {
            row.in_channels = channels;
            channels = row.out_channels;
        }
        rows[0].same_stage = false;
        Spec { name: "Any".into(), rows: rows.into(), settings }
    })
}
