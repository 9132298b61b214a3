//! Parity at every level of this machine's CPU, not only at its highest. A process has one level, so this starts the
//! tests of the reference files again in a process for each.

use std::process::Command;

use effnet_runtime::simd::{LEVEL_VARIABLE, Level};

#[test]
fn every_level_of_this_machine() {
    for level in Level::available() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["mixed::", "same::", "seed::", "threads::"])
            .env(LEVEL_VARIABLE, level.name())
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "at level {}:\n{report}", level.name());
        assert!(!report.contains("running 0 tests"), "nothing ran:\n{report}");
    }
}
