//! Calls of `efficientnet_v2!` that must not compile, each in a file named after its mistake, with the compiler's words
//! beside it. `TRYBUILD=overwrite` rewrites those.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn mistakes_are_told_at_their_tokens() {
    trybuild::TestCases::new().compile_fail("*/*.rs");
}

/// Expected outputs, by folder.
fn expected_outputs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.collect()
    };
    let folders = entries(root).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| entries(&folder));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "stderr")).collect()
}

/// What rustc finds by itself has a code; all such errors would be the consequence of a mistake in a table.
#[test]
fn no_mistake_is_followed_by_an_error_of_rustc() {
    let outputs = expected_outputs();
    assert!(outputs.len() >= 30, "only {} outputs", outputs.len());
    for path in outputs.iter().filter(|path| !path.parent().is_some_and(|folder| folder.ends_with("types"))) {
        let output = fs::read_to_string(path).expect("an expected output");
        assert!(!output.contains("error[") && !output.contains("warning"), "{}:\n{output}", path.display());
    }
}
