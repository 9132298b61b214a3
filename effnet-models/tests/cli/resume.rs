//! `--resume` through the binary: a finished run says so, and another network's is refused. (What a resumed run computes is
//! tested in the workspace's `tests`.)

use assert_cmd::Command;

use crate::support::{RUN, effnet, fail, folder, succeed};

fn resume(extra: &[&str]) -> Command {
    let mut command = effnet(&RUN.data().join(".."));
    command.args(["train", "--resume", "--output", "run"]).args(extra);
    command
}

#[test]
fn a_finished_run_says_so() {
    let text = succeed(&mut resume(&["--table", "tiny.table"]));
    assert!(text.contains("the run in run is finished: all 4 epochs are done"), "{text}");
    assert!(text.contains("try it: effnet predict --weights run/checkpoints/best.safetensors "), "{text}");
}

#[test]
fn another_variants_run_is_refused() {
    fail(&mut resume(&["--variant", "b0"]), &["the run in `run` trains `tiny`, not `b0`"]);
}

#[test]
fn a_run_that_is_not_there_cannot_be_resumed() {
    let folder = folder();
    let mut command = effnet(folder.path());
    command.args(["train", "--table", "tiny.table", "--resume", "--output", "nowhere"]);
    fail(&mut command, &["there is no run in `nowhere` to resume"]);
}
