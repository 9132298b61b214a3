//! Code that must not compile, each case in a file named after its mistake, with the compiler's words beside it: calls of
//! `efficientnet_v2!`, and what types refuse. `TRYBUILD=overwrite` rewrites those.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn mistakes_are_told_at_their_tokens() {
    let cases = trybuild::TestCases::new();
    for folder in folders() {
        // Other machines have no x86_64 instructions to name.
        if folder != Path::new(ROOT).join("x86_64") || cfg!(target_arch = "x86_64") {
            // Under a relative path, `TRYBUILD=overwrite` writes line numbers.
            cases.compile_fail(folder.strip_prefix(ROOT).unwrap_or(&folder).join("*.rs"));
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// The folders of cases.
fn folders() -> impl Iterator<Item = PathBuf> {
    entries(Path::new(ROOT)).into_iter().filter(|path| path.is_dir())
}

/// Expected outputs of all cases.
fn expected_outputs() -> Vec<PathBuf> {
    let files = folders().flat_map(|folder| entries(&folder));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "stderr")).collect()
}

/// Folders of cases in which it is not the table that is wrong.
const NO_TABLES: [&str; 3] = ["names", "types", "x86_64"];

/// What rustc finds by itself has a code; all such errors would be the consequence of a mistake in a table.
#[test]
fn no_mistake_is_followed_by_an_error_of_rustc() {
    let outputs = expected_outputs();
    assert!(outputs.len() >= 30, "only {} outputs", outputs.len());
    for path in outputs
        .iter()
        .filter(|path| !NO_TABLES.iter().any(|name| path.parent().is_some_and(|folder| folder.ends_with(name))))
    {
        let output = read(path);
        assert!(!output.contains("error[") && !output.contains("warning"), "{}:\n{output}", path.display());
    }
}

/// The README's error message stands behind `<!-- ui: PATH -->`, which names its case.
#[test]
fn the_readme_quotes_what_the_compiler_says() {
    let root = Path::new(ROOT).join("../..");
    let readme = read(&root.join("README.md"));
    let (_, behind) = readme.split_once("<!-- ui: ").expect("the README quotes a case");
    let (case, behind) = behind.split_once(" -->").expect("the marker ends");
    let fences: Vec<&str> = behind.splitn(5, "```").collect();
    let [_, source, _, output, _] = fences.as_slice() else { panic!("source and output stand behind the marker") };
    let case = root.join(case);
    let quoted = |block: &str| block.split_once('\n').expect("a line").1.trim().to_owned();
    let call = quoted(source);
    assert!(call.starts_with("efficientnet_v2!"), "the README's source is the case's call:\n{call}");
    assert!(read(&case).contains(&call), "{} has another call than the README:\n{call}", case.display());
    assert_eq!(quoted(output), read(&case.with_extension("stderr")).trim());
}
