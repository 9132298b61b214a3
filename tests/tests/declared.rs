//! Every source file of the libraries is declared as a module: rustc reads no other, and says nothing of them.

use std::fs;
use std::path::{Path, PathBuf};

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, found);
        // An `.expected.rs` is what the macro should write.
        } else if path.to_str().is_some_and(|name| name.ends_with(".rs") && !name.ends_with(".expected.rs")) {
            found.push(path);
        }
    }
}

/// Whether a file of the same folder, or that of the folder's own module, declares or includes this one.
fn is_declared(file: &Path, files: &[PathBuf]) -> bool {
    let folder = file.parent().expect("a folder");
    let (module, name) = match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod") => (folder.file_name(), folder.parent().expect("a folder above")),
        _ => (file.file_stem(), folder),
    };
    let module = module.and_then(|module| module.to_str()).expect("a name in UTF-8");
    let words = [format!("mod {module};"), format!("{module}.rs\"")];
    let above = name.with_extension("rs");
    files
        .iter()
        .filter(|other| *other != file && (other.parent() == Some(name) || **other == above))
        .any(|other| fs::read_to_string(other).is_ok_and(|text| words.iter().any(|word| text.contains(word))))
}

#[test]
fn every_source_file_is_a_module() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace).expect("the workspace's folder") {
        let source = entry.expect("an entry").path().join("src");
        if source.join("lib.rs").exists() {
            files_below(&source, &mut files);
        }
    }
    assert!(files.len() > 300, "only {} files were read", files.len());
    let is_root = |file: &Path| {
        file.parent().is_some_and(|folder| folder.ends_with("src/bin"))
            || ["src/lib.rs", "src/main.rs"].iter().any(|root| file.ends_with(root))
    };
    let lost: Vec<&PathBuf> = files.iter().filter(|file| !is_root(file) && !is_declared(file, &files)).collect();
    assert!(lost.is_empty(), "no module declares these files: {lost:?}");
}
