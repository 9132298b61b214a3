//! Finds dictionaries of tensors in a pickle.
//!
//! The object may be a state dict, or contain one under any key, or several. All tensors are found, each under its path
//! of keys joined by dots: `state_dict.conv_stem.weight`. [`super::super::prefix`] then tells which of them are the
//! network's.

use std::collections::{BTreeMap, HashSet};

use super::super::pickle::Node;
use super::super::{Problem, Tensors};
use super::tensor::{Described, Storages, describe};
use crate::weights::mismatch::list;

/// Depth of nested dictionaries to search.
const DEPTH: usize = 4;

/// The most tensors of a file. XL has 1,500, and a checkpoint a few copies of each.
const MAX_TENSORS: usize = 1 << 16;

/// The most bytes of all names together.
const MAX_NAMES: usize = 1 << 24;

/// Advice for an object without a state dict.
const WRITE: &str = "write it with `torch.save(model.state_dict(), path)`";

/// All tensors of the pickled object, whose numbers are in `storages`.
pub(super) fn tensors(root: Node<'_, '_>, storages: &Storages<'_>) -> Result<Tensors, Problem> {
    let mut found = BTreeMap::new();
    let mut modules: Vec<_> = module(root).into_iter().map(|class| format!("it is {class}")).collect();
    let mut names = 0;
    let mut tables = vec![(root, String::new(), 0)];
    let mut seen = HashSet::from([root.id()]);
    while let Some((table, path, depth)) = tables.pop() {
        for (key, value) in table.entries().into_iter().flatten() {
            let Some(key) = key.text() else { continue };
            let name = || format!("{path}{key}");
            match describe(value, storages) {
                Described::Tensor(tensor) => {
                    names += path.len() + key.len() + tensor.text_len();
                    found.insert(name(), tensor);
                    if found.len() > MAX_TENSORS || names > MAX_NAMES {
                        return Err(Problem::NotWeights(format!(
                            "it holds more than {MAX_TENSORS} tensors, or names of more than {} MiB",
                            MAX_NAMES >> 20
                        )));
                    }
                }
                Described::Impossible => {
                    return Err(Problem::Damaged(format!("its tensor `{}` makes no sense", name())));
                }
                Described::Other => {
                    if let Some(class) = module(value) {
                        modules.push(format!("it holds {class} under `{}`", name()));
                    } else if depth < DEPTH && value.entries().is_some() && seen.insert(value.id()) {
                        names += path.len() + key.len();
                        tables.push((value, format!("{path}{key}."), depth + 1));
                    }
                }
            }
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Problem::NotWeights(match (modules.first(), root.entries()) {
        (Some(module), _) => format!("{module}, which only the program that made it can open; {WRITE}"),
        (None, None) => format!("its pickle is not a state dict; {WRITE}"),
        (None, Some(entries)) => {
            let keys: Vec<_> = entries.filter_map(|(key, _)| key.text()).map(str::to_owned).collect();
            let keys = if keys.is_empty() { "none".to_owned() } else { list(&keys) };
            format!("its pickle holds no tensors under names (its keys are {keys}); {WRITE}")
        }
    }))
}

/// The class of a pickled PyTorch module.
fn module(value: Node<'_, '_>) -> Option<String> {
    let mut state = value.state()?.entries()?;
    if !state.any(|(key, _)| matches!(key.text(), Some("_modules" | "_parameters"))) {
        return None;
    }
    let (module, class) = value.call()?.0.class()?;
    Some(format!("a whole module, a pickled `{module}.{class}`"))
}
