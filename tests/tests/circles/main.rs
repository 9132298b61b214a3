//! No modules that lie side by side import each other in a circle, at any level of any crate.
//!
//! Parents and children may know each other: a parent is made of its children. Tests may know everything.

mod graph;
mod names;
mod planted;
mod source;

use std::path::Path;

use graph::{Circle, circles};
use source::Crate;

/// Circles that are left to open, by the module they lie below. This list may only shrink.
const LEFT: &[(&str, &[&str])] = &[(
    "effnet_runtime::ops",
    &[
        "chain",
        "conv",
        "conv_norm_act",
        "depthwise",
        "image_sums",
        "norm_act",
        "source",
        "squeeze_excite",
        "trace",
        "window",
    ],
)];

fn all() -> Vec<Circle> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let read = |file: &Path| std::fs::read_to_string(workspace.join(file)).ok();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(workspace).expect("the workspace's folder") {
        let folder = entry.expect("an entry of the workspace's folder").file_name().into_string().expect("a name");
        let root = Path::new(&folder).join("src/lib.rs");
        if folder.starts_with("effnet-") && workspace.join(&root).exists() {
            found.extend(circles(&Crate::read(&folder.replace('-', "_"), &root, &read)));
        }
    }
    found
}

#[test]
fn no_siblings_import_each_other_in_a_circle() {
    let found = all();
    let same = |circle: &Circle, left: &(&str, &[&str])| circle.below == left.0 && circle.members == left.1;
    let new: String =
        found.iter().filter(|circle| !LEFT.iter().any(|left| same(circle, left))).map(ToString::to_string).collect();
    assert!(new.is_empty(), "\n{new}open the circle: move what both need below them, or one into the other");
    let open: Vec<_> = LEFT.iter().filter(|left| !found.iter().any(|circle| same(circle, left))).collect();
    assert!(open.is_empty(), "take {open:?} from the list `LEFT`: nothing is circular there any more");
}
