//! What a run leaves for people.

use std::fs;
use std::path::Path;

use crate::support::{RUN, effnet, succeed};

/// `metrics.csv` without the seconds.
fn metrics(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("metrics.csv")).expect("metrics");
    text.lines().map(|row| row.rsplit_once(',').expect("cells").0.to_owned()).collect()
}

#[test]
fn the_command_in_the_report_makes_the_same_run_again() {
    let report = fs::read_to_string(RUN.output().join("report.html")).expect("a report");
    let (_, command) = report.split_once("<pre class=\"command\"><code>").expect("a command");
    let (command, _) = command.split_once("</code>").expect("its end");
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("effnet"));
    let folder = RUN.output().parent().expect("a folder").to_path_buf();
    succeed(effnet(&folder).args(words));
    assert_eq!(metrics(&folder.join("runs/tiny-1")), metrics(&RUN.output()));
}

#[test]
fn a_run_leaves_events_and_the_best_evaluation() {
    let entries = fs::read_dir(RUN.output()).expect("a folder");
    let names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("events.out.tfevents.")).count(), 1, "{names:?}");
    let best = fs::read(RUN.output().join("best.json")).expect("the best evaluation");
    let best: serde_json::Value = serde_json::from_slice(&best).expect("JSON");
    assert_eq!(best["evaluation"]["classes"].as_array().map(Vec::len), Some(3));
}
