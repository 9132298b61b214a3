//! Batches of one image: refused where batch normalisation learns nothing from them, and legal elsewhere.

use std::fs;

use assert_cmd::Command;

use crate::support::{effnet, fail, folder, succeed, write_digits};

fn train(folder: &std::path::Path, args: &[&str]) -> Command {
    let mut command = effnet(folder);
    command.args(["train", "--table", "tiny.table", "--data", "data", "--epochs", "1", "--set", "augment.mixup=0"]);
    command.args(args);
    command
}

/// The tiny network's last maps are an eighth of the image.
#[test]
fn a_batch_of_one_is_refused_where_maps_are_a_pixel_and_leaves_no_folder() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 5);
    let what = "batch normalisation learns nothing from one image at a time at 8 px, where the network's last maps are a \
                single pixel: say --batch ";
    for (args, hint) in [
        (&["--size", "8", "--batch", "1"][..], "2 or more, or --size 9 or more"),
        (&["--size", "8", "--batch", "2", "--accumulate", "2"], "4 or more, or --size 9 or more"),
    ] {
        fail(&mut train(folder.path(), &[args, &["--output", "run"]].concat()), &[&format!("{what}{hint}")]);
    }
    assert!(!folder.path().join("run").exists());
    succeed(&mut train(folder.path(), &["--size", "9", "--batch", "1", "--output", "larger"]));
    succeed(&mut train(folder.path(), &["--size", "8", "--batch", "2", "--output", "two"]));
    let frozen = ["--size", "8", "--batch", "1", "--freeze", "*.bn.*", "--output", "frozen"];
    succeed(&mut train(folder.path(), &frozen));
    let mut bench = effnet(folder.path());
    bench.args(["bench", "--table", "tiny.table", "--mode", "train", "--size", "8", "--batch", "1"]);
    fail(&mut bench, &["batch normalisation learns nothing from one image of 8 × 8 pixels"]);
}

/// Every second file is bad: batches of two keep one image or none or both.
#[test]
fn an_image_that_bad_files_leave_alone_is_left_out_and_said() {
    let folder = folder();
    for part in ["train", "val"] {
        write_digits(&folder.path().join("data").join(part), 2, 20);
    }
    for image in 0..10 {
        fs::write(folder.path().join(format!("data/train/0/{image}.png")), "no picture").expect("written");
    }
    let args = ["--size", "8", "--batch", "2", "--on-bad-image", "skip"];
    let text = succeed(&mut train(folder.path(), &[&args[..], &["--output", "text"]].concat()));
    assert!(text.contains("left out 10 bad files: "), "{text}");
    let alone = text.lines().find(|line| line.contains(" images that bad files leave alone in their batch: "));
    assert!(alone.is_some_and(|line| line.starts_with("left out ") && line.contains("data/train/")), "{text}");
    let json = succeed(&mut train(folder.path(), &[&args[..], &["--json", "--output", "json"]].concat()));
    let events = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let alone = events.filter(|event| event["event"] == "alone").collect::<Vec<_>>();
    assert_eq!(alone.len(), 1, "{json}");
    assert!(alone[0]["count"].as_u64() > Some(0) && alone[0]["first"][0].is_string(), "{json}");
    // Where maps are larger, one image is a batch.
    let text = succeed(&mut train(folder.path(), &["--size", "16", "--batch", "2", "--on-bad-image", "skip"]));
    assert!(text.contains("left out 10 bad files: ") && !text.contains("alone"), "{text}");
}
