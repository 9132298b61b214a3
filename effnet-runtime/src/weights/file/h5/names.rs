//! The names of a file's tensors: `{layer}/kernel`, behind the names of models that are layers of another.
//!
//! Keras has written three kinds of file. In two, a dataset's path holds names: `stem_conv/stem_conv/kernel:0` (Keras 2),
//! `model_weights/stem_conv/stem_conv/kernel` (Keras 3's `.h5`), and for a model within a model
//! `model_weights/efficientnetv2-b0/stem_conv/kernel`. In the third, `.weights.h5`, layers are counted by class and
//! variables by number: `layers/conv2d_3/vars/0`. There the layer's name is an attribute of `vars` since Keras 3.6; before
//! that only the description in a `.keras` tells it.

use std::collections::{BTreeMap, HashMap};

use super::super::{Problem, Stored};
use super::walk::Found;

/// Groups that hold a model's layers.
const CONTAINERS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];

/// The group of weights where `model.save` writes more than weights.
const MODEL: &str = "model_weights";

/// Groups of an optimizer's variables.
const OPTIMIZERS: [&str; 2] = ["optimizer/", "optimizer_weights/"];

/// Names of a model's layers, by class and number (`conv2d_3`), with those of the layers within them.
#[derive(Default)]
pub(super) struct Layers {
    members: HashMap<String, (String, Layers)>,
    counts: HashMap<String, usize>,
}

impl Layers {
    /// Adds the next layer.
    pub(super) fn add(&mut self, class: &str, name: String, within: Layers) {
        let class = snake_case(class);
        let count = self.counts.entry(class.clone()).or_default();
        let key = if *count == 0 { class } else { format!("{class}_{count}") };
        *count += 1;
        self.members.insert(key, (name, within));
    }
}

/// A class's name as Keras writes it in paths (`keras/src/utils/naming.py`): `DepthwiseConv2D` is `depthwise_conv2d`.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let follows_lower = at > 0 && letters[at - 1].is_ascii_lowercase();
        let before_lower = at > 0 && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (follows_lower || before_lower) {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// All tensors of a file by their names, but for an optimizer's.
pub(super) fn canonical(mut found: Found, layers: &Layers) -> Result<Vec<(String, Stored)>, Problem> {
    found.tensors.retain(|(path, _)| !OPTIMIZERS.iter().any(|optimizer| path.starts_with(optimizer)));
    let names: HashMap<&str, &str> =
        found.names.iter().map(|(path, name)| (path.trim_end_matches("/vars"), name.as_str())).collect();
    let scopes = scopes(found.tensors.iter().map(|(path, _)| path.as_str()));
    let name = |path: &str| match counted(path, &names, layers) {
        Some(name) => name,
        None => Ok(by_path(path, &scopes)),
    };
    let named: Result<Vec<_>, Problem> = found.tensors.iter().map(|(path, _)| name(path)).collect();
    Ok(named?.into_iter().zip(found.tensors.into_iter().map(|(_, stored)| stored)).collect())
}

/// The name of a layer's variable by number; `None` for any other path.
fn counted(path: &str, names: &HashMap<&str, &str>, layers: &Layers) -> Option<Result<String, Problem>> {
    let (vars, number) = path.rsplit_once('/')?;
    let owner = vars.strip_suffix("/vars")?;
    let mut name = String::new();
    let (mut within, mut class, mut end, mut in_container) = (Some(layers), "", 0, false);
    for member in owner.split('/') {
        end += member.len() + usize::from(end > 0);
        if !in_container {
            if !CONTAINERS.contains(&member) {
                return None;
            }
            in_container = true;
            continue;
        }
        in_container = false;
        class = member;
        let described = within.and_then(|layers| layers.members.get(member));
        within = described.map(|(_, within)| within);
        match names.get(&owner[..end]).copied().or(described.map(|(name, _)| name.as_str())) {
            Some(layer) => name.extend([layer, "/"]),
            None => {
                return Some(Err(Problem::NotWeights(format!(
                    "it has no names of layers (`{owner}` is one), as before Keras 3.6; load it into its model, and save \
                     that with `model.save(\"model.keras\")`"
                ))));
            }
        }
    }
    (!in_container).then(|| Ok(name + variable(class, number)))
}

/// The name of a variable by its number.
fn variable<'n>(class: &str, number: &'n str) -> &'n str {
    let class = class.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('_');
    let names: &[&'static str] = match class {
        "batch_normalization" => &["gamma", "beta", "moving_mean", "moving_variance"],
        "normalization" => &["mean", "variance", "count"],
        _ => &["kernel", "bias"],
    };
    number.parse::<usize>().ok().and_then(|number| names.get(number)).unwrap_or(&number)
}

/// The part of a path that names layers and their variables, and the group that it is in.
fn in_group(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(MODEL).and_then(|path| path.strip_prefix('/')).unwrap_or(path).split_once('/')
}

/// For each group, how many layers its tensors belong to: more than one only where it is a model.
fn scopes<'p>(paths: impl Iterator<Item = &'p str>) -> BTreeMap<&'p str, Vec<&'p str>> {
    let mut scopes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        let Some((group, rest)) = in_group(path) else { continue };
        let scope = rest.rsplit_once('/').map_or("", |(scope, _)| scope);
        let known = scopes.entry(group).or_default();
        if known.last() != Some(&scope) {
            known.push(scope);
        }
    }
    scopes
}

/// The name of a dataset whose path holds names.
fn by_path(path: &str, scopes: &BTreeMap<&str, Vec<&str>>) -> String {
    let Some((group, rest)) = in_group(path) else { return path.to_owned() };
    let (scope, variable) = rest.rsplit_once('/').unwrap_or(("", rest));
    let variable = variable.split_once(':').map_or(variable, |(variable, _)| variable);
    let variable = if variable == "depthwise_kernel" { "kernel" } else { variable };
    let is_model = scopes.get(group).is_some_and(|scopes| scopes.len() > 1);
    match scope.rsplit('/').next() {
        Some(layer) if is_model => format!("{group}/{layer}/{variable}"),
        _ => format!("{group}/{variable}"),
    }
}
