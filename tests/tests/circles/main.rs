//! No modules that lie side by side import each other in a circle, at any level of the libraries `effnet-*`.
//!
//! Parents and children may know each other: a parent is made of its children. Tests may know everything.

mod graph;
mod names;
mod planted;
mod source;

use std::path::Path;

use graph::{Circle, circles};
use source::Crate;

fn all() -> Vec<Circle> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let read = |file: &Path| std::fs::read_to_string(workspace.join(file)).ok();
    let (mut found, mut crates) = (Vec::new(), 0);
    for entry in std::fs::read_dir(workspace).expect("the workspace's folder") {
        let folder = entry.expect("an entry of the workspace's folder").file_name().into_string().expect("a name");
        let root = Path::new(&folder).join("src/lib.rs");
        if folder.starts_with("effnet-") && workspace.join(&root).exists() {
            crates += 1;
            found.extend(circles(&Crate::read(&folder.replace('-', "_"), &root, &read)));
        }
    }
    assert!(crates >= 5, "only {crates} crates were read");
    found
}

#[test]
fn no_siblings_import_each_other_in_a_circle() {
    let found: String = all().iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{found}open the circle: move what both need below them, or one into the other");
}
