//! Each mistake: its place, and its message word for word.

use effnet_spec::{Budget, Column, Key, Operator, Place, Row, RowOption, Settings, Size, Spec, Squeeze};

/// A legal network of three stages.
fn legal() -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 4, 8, 16, Operator::Fused, 0.0),
        Row::new(3, 3, 2, 4, 16, 24, Operator::MbConv, 0.25),
    ];
    Spec { name: "Legal".into(), rows: rows.into(), settings: Settings::DEFAULT }
}

fn mistakes(change: impl FnOnce(&mut [Row], &mut Settings)) -> Vec<(Place, String)> {
    let mut spec = legal();
    change(spec.rows.to_mut(), &mut spec.settings);
    spec.validate().into_iter().map(|error| (error.place, error.mistake.to_string())).collect()
}

#[track_caller]
fn check(place: Place, message: &str, change: impl FnOnce(&mut [Row], &mut Settings)) {
    assert_eq!(mistakes(change), [(place, message.to_owned())]);
}

#[test]
fn legal_has_none() {
    assert_eq!(mistakes(|_, _| ()), []);
}

#[test]
fn empty_table() {
    let empty = Spec { rows: vec![].into(), ..legal() };
    assert_eq!(empty.validate()[0].place, Place::Table);
    assert_eq!(empty.validate()[0].to_string(), "the table is empty; it must have at least one row");
}

#[test]
fn cells() {
    use Column::{Expansion, In, Kernel, Repeats, SeRatio, Stride};
    check(Place::Cell(1, Repeats), "`repeats` is 0; it must be a positive whole number", |rows, _| rows[1].repeats = 0);
    for kernel in [0, 1, 2, 4, 6, 9] {
        let message = format!("`kernel` is {kernel}; it must be 3, 5 or 7");
        check(Place::Cell(0, Kernel), &message, |rows, _| rows[0].kernel = kernel);
    }
    check(Place::Cell(2, Stride), "`stride` is 3; it must be 1 or 2", |rows, _| rows[2].stride = 3);
    check(Place::Cell(2, Stride), "`stride` is 0; it must be 1 or 2", |rows, _| rows[2].stride = 0);
    check(Place::Cell(0, Expansion), "`expansion` is 0; it must be a positive whole number", |rows, _| {
        rows[0].expansion = effnet_spec::Expansion::Ratio(0);
    });
    check(Place::Cell(0, In), "`in` is 0; it must be a positive whole number", |rows, _| rows[0].in_channels = 0);
    for (ratio, text) in [(1.5, "1.5"), (-0.25, "-0.25"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let message = format!("`se_ratio` is {text}; it must be a number from 0 (no squeeze-and-excitation) to 1");
        check(Place::Cell(2, SeRatio), &message, |rows, _| rows[2].squeeze = Squeeze::Ratio(ratio));
    }
}

#[test]
fn rows_that_do_not_join() {
    let message = "`in` is 32, but the row above puts out 16 channels; they must be equal";
    check(Place::Cell(2, Column::In), message, |rows, _| rows[2].in_channels = 32);
}

#[test]
fn a_zero_is_no_second_mistake_in_the_row_below() {
    let message = "`out` is 0; it must be a positive whole number";
    check(Place::Cell(1, Column::Out), message, |rows, _| rows[1].out_channels = 0);
}

#[test]
fn too_many_blocks() {
    let place = |row| Place::Cell(row, Column::Repeats);
    check(place(0), "`repeats` is 1001; a network has at most 1000 blocks", |rows, _| rows[0].repeats = 1_001);
    let message = "`repeats` is 998, on top of 3 blocks above; a network has at most 1000 blocks";
    check(place(2), message, |rows, _| rows[2].repeats = 998);
    check(place(0), "`repeats` is 18446744073709551615; a network has at most 1000 blocks", |rows, _| {
        rows.iter_mut().for_each(|row| row.repeats = usize::MAX);
    });
    assert_eq!(mistakes(|rows, _| rows[2].repeats = 997), []);
}

#[test]
fn counts_that_overflow() {
    let stage = "the stage's counts overflow 64 bits; its channels or its expansion must be smaller";
    check(Place::Row(1), stage, |rows, _| rows[1].expansion = effnet_spec::Expansion::Ratio(usize::MAX));
    check(Place::Row(2), stage, |rows, _| rows[2].out_channels = usize::MAX / 2);
    let stem = "the stem's counts overflow 64 bits; `in_channels` must be smaller";
    check(Place::Setting(Key::InChannels), stem, |_, settings| settings.in_channels = usize::MAX);
    let head = "the head's counts overflow 64 bits; `num_features` must be smaller";
    check(Place::Setting(Key::NumFeatures), head, |_, settings| settings.num_features = usize::MAX);
    let size = "the counts at this image size overflow 64 bits; it must be smaller";
    check(Place::Setting(Key::TrainSize), size, |_, settings| settings.train_size = Some(usize::MAX));
    check(Place::Setting(Key::EvalSize), size, |_, settings| settings.eval_size = Some(usize::MAX));
}

#[test]
fn settings() {
    let is = |key: Key, value: &str, legal: &str, change: fn(&mut Settings)| {
        let message = format!("`{key}` is {value}; it must be {legal}");
        check(Place::Setting(key), &message, |_, settings| change(settings));
    };
    let (whole, rate) = ("a positive whole number", "a number from 0 to below 1");
    let std = "one positive number up to 1, or one for each channel";
    is(Key::InChannels, "0", whole, |settings| settings.in_channels = 0);
    is(Key::NumFeatures, "0", whole, |settings| settings.num_features = 0);
    is(Key::TrainSize, "0", whole, |settings| settings.train_size = Some(0));
    is(Key::EvalSize, "0", whole, |settings| settings.eval_size = Some(0));
    is(Key::Dropout, "1", rate, |settings| settings.dropout = 1.0);
    is(Key::Dropout, "-0.1", rate, |settings| settings.dropout = -0.1);
    is(Key::DropPath, "NaN", rate, |settings| settings.drop_path = f64::NAN);
    is(Key::BnEps, "0", "a positive number", |settings| settings.bn_eps = 0.0);
    is(Key::BnEps, "inf", "a positive number", |settings| settings.bn_eps = f64::INFINITY);
    is(Key::BnMomentum, "1.5", "a number from 0 to 0.5", |settings| settings.bn_momentum = 1.5);
    is(Key::Mean, "NaN", "one number from -1 to 1, or one for each channel", |settings| {
        settings.mean = vec![0.5, f64::NAN, 0.5].into()
    });
    is(Key::Mean, "-2", "one number from -1 to 1, or one for each channel", |settings| {
        settings.mean = vec![-2.0].into()
    });
    is(Key::Std, "256", std, |settings| settings.std = vec![0.5, 256.0, 0.5].into());
    is(Key::Std, "0", std, |settings| settings.std = vec![0.5, 0.0, 0.5].into());
    is(Key::Std, "-1", std, |settings| settings.std = vec![-1.0].into());
}

/// What is in range for another program, and says something else there.
#[test]
fn settings_in_another_sense() {
    let pixels = |key| format!("`{key}` is for pixels in 0..=1, and this one is for pixels in 0..=255: write ");
    check(Place::Setting(Key::Mean), &(pixels("mean") + "`[0.485, 0.456, 0.406]`"), |_, settings| {
        settings.mean = vec![123.675, 116.28, 103.53].into();
    });
    check(Place::Setting(Key::Std), &(pixels("std") + "`0.502`"), |_, settings| settings.std = vec![128.0].into());
    let momentum = "`bn_momentum` is 0.99; it must be a number from 0 to 0.5, the share of the new batch as in PyTorch: \
                    TensorFlow's 0.99 is 0.01 here";
    check(Place::Setting(Key::BnMomentum), momentum, |_, settings| settings.bn_momentum = 0.99);
}

/// Files of networks that were trained with them say them.
#[test]
fn what_a_table_may_not_say_can_be_built() {
    let mut spec = legal();
    (spec.settings.bn_momentum, spec.settings.mean, spec.settings.std) =
        (0.99, vec![123.675, 116.28, 103.53].into(), vec![58.0].into());
    assert_eq!((spec.validate().len(), spec.check_built().len()), (3, 0));
    (spec.settings.bn_momentum, spec.settings.mean, spec.settings.std) =
        (1.5, vec![f64::NAN].into(), vec![-1.0].into());
    assert_eq!(spec.check_built().len(), 3);
}

#[test]
fn one_number_a_channel() {
    let mean = "`mean` has 2 numbers; it must have one, or one for each of the 3 channels";
    check(Place::Setting(Key::Mean), mean, |_, settings| settings.mean = vec![0.5, 0.5].into());
    let std = "`std` has 0 numbers; it must have one, or one for each of the 3 channels";
    check(Place::Setting(Key::Std), std, |_, settings| settings.std = vec![].into());
    check(
        Place::Setting(Key::Mean),
        "`mean` has 3 numbers; it must have one, because images have one channel",
        |_, settings| {
            settings.in_channels = 1;
            settings.mean = vec![0.5; 3].into();
        },
    );
}

#[test]
fn all_at_once_in_the_tables_order() {
    let found = mistakes(|rows, settings| {
        rows[0].kernel = 2;
        rows[2].in_channels = 17;
        rows[2].squeeze = Squeeze::Ratio(2.0);
        rows[1].expansion = effnet_spec::Expansion::Ratio(usize::MAX);
        settings.dropout = 2.0;
        settings.std = vec![0.0].into();
    });
    let places: Vec<_> = found.iter().map(|(place, _)| *place).collect();
    let cell = |row, column| Place::Cell(row, column);
    let setting = |key| Place::Setting(key);
    assert_eq!(
        places,
        [
            cell(0, Column::Kernel),
            cell(2, Column::In),
            cell(2, Column::SeRatio),
            setting(Key::Dropout),
            setting(Key::Std)
        ]
    );
}

#[test]
fn stem() {
    let message = |declared| legal().check_stem(declared).map(|error| error.to_string());
    assert_eq!(message(8), None);
    assert_eq!(message(0).as_deref(), Some("`stem` is 0; it must be a positive whole number"));
    let unequal = "`stem` is 16, but the first row takes 8 channels; they must be equal";
    assert_eq!(message(16).as_deref(), Some(unequal));
    assert_eq!(Spec { rows: vec![].into(), ..legal() }.check_stem(16), None);
}

fn over(budget: Budget) -> Vec<String> {
    budget.check(&legal()).into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn budget() {
    let spec = legal();
    let params = spec.params(1_000);
    let macs = spec.cost(Size::square(64), 1_000).macs;
    let just = Budget { params: Some(params), macs: Some(macs), at: Some(64) };
    assert!(over(just).is_empty());
    assert_eq!(over(Budget { at: Some(0), ..just }), ["`at` is 0; it must be a positive whole number"]);
    let below = Budget { params: Some(params - 1), macs: Some(macs - 1), at: Some(64) };
    assert_eq!(
        over(below),
        [
            "`params` are 1,346,752, over the budget of 1,346,751; the head costs most, 1,314,280",
            "`macs` at 64 px are 8,499,968, over the budget of 8,499,967; stage 2 [2, 3, 2, 4, 8, 16, fused, 0] costs most, \
             3,342,336",
        ]
    );
    let larger = Budget { at: Some(65), params: None, ..just };
    assert_eq!(over(larger).len(), 1);
}

#[test]
fn names_are_unique() {
    let columns: std::collections::BTreeSet<_> = Column::ALL.map(Column::name).into_iter().collect();
    let keys: std::collections::BTreeSet<_> = Key::ALL.map(Key::name).into_iter().collect();
    assert_eq!((columns.len(), keys.len()), (Column::ALL.len(), Key::ALL.len()));
    let options: std::collections::BTreeSet<_> = RowOption::ALL.map(RowOption::name).into_iter().collect();
    assert_eq!(options.len(), RowOption::ALL.len());
}
