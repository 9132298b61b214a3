//! Every expressible model's table is the model.

use std::collections::HashMap;

use effnet_runtime::weights::Scheme;
use effnet_spec::grammar::parse_table;
use effnet_spec::{Size, Spec};
use effnet_tests::formula::fnv1a;

use super::models::all;

/// Models of timm's five modules.
const MODELS: usize = 167;
/// How many of them a table says.
const EXPRESSIBLE: usize = 111;
/// How many of these are another's rows, scaled.
const SCALED: usize = 61;

const CLASSES: usize = 1000;

/// The tables that can be read; the others fail the test.
fn tables() -> Vec<(super::models::Model, Spec)> {
    let read = all().into_iter().filter_map(|model| Some((model.spec()?, model)));
    let (right, wrong): (Vec<_>, Vec<_>) = read.partition(|(spec, _)| spec.is_ok());
    let wrong: Vec<_> = wrong.into_iter().filter_map(|(spec, _)| spec.err()).collect();
    assert!(wrong.is_empty(), "{} tables cannot be read:\n{}", wrong.len(), wrong.join("\n"));
    right.into_iter().map(|(spec, model)| (model, spec.unwrap())).collect()
}

/// Names and shapes as timm has them, one a line, sorted.
fn names(spec: &Spec) -> String {
    let shapes: HashMap<_, _> = spec.parameters(CLASSES).collect();
    let pairs = Scheme::Timm.pairs(spec).unwrap();
    assert_eq!(pairs.len(), shapes.len(), "{}: the network's parameters and the map's", spec.name);
    let mut lines: Vec<_> = pairs.iter().map(|pair| format!("{} {:?}\n", pair.theirs, shapes[&pair.ours])).collect();
    lines.sort();
    lines.concat()
}

#[test]
fn the_list_is_whole() {
    let models = all();
    let expressible = models.iter().filter(|model| model.spec().is_some()).count();
    let scaled = models.iter().filter(|model| model.scaled.is_some()).count();
    assert_eq!((models.len(), expressible, scaled), (MODELS, EXPRESSIBLE, SCALED));
    for model in &models {
        assert_ne!(model.spec().is_some(), !model.why_not.is_empty(), "{}", model.name);
    }
}

#[test]
fn tables_have_timms_parameters_and_macs() {
    for (model, spec) in tables() {
        let cost = spec.cost(Size::square(model.size), CLASSES);
        assert_eq!((cost.params, cost.macs), (model.params, model.macs), "{}\n{spec}", model.name);
    }
}

#[test]
fn tables_have_timms_names_and_shapes() {
    for (model, spec) in tables() {
        let text = names(&spec);
        assert!(
            Some(format!("{:016x}", fnv1a(&text))) == model.names,
            "{name}: compare with `generate.py {name}`:\n{text}",
            name = model.name
        );
    }
}

#[test]
fn a_scaled_base_is_the_table_written_out() {
    let models = all();
    for model in models.iter().filter(|model| model.scaled.is_some()) {
        let scaled = model.scaled_spec(&models).unwrap().unwrap();
        assert_eq!(Some(Ok(scaled)), model.spec(), "{}", model.name);
    }
}

#[test]
fn tables_survive_their_texts() {
    for (model, spec) in tables() {
        assert_eq!(parse_table(&model.name, &spec.to_string()).as_ref(), Ok(&spec), "{}", model.name);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec, "{json}");
    }
}
