use std::fs;
use std::path::Path;

use crate::Place;

/// An image folder of two classes, from the digits that a run leaves, with `extra` in the first class.
fn folder(place: &Place, extra: &[(&str, &[u8])]) {
    place.succeeds(&["--epochs", "1", "--quiet", "--output", "digits"]);
    let samples: Vec<_> =
        fs::read_dir(place.path("digits/samples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(samples.len(), 10);
    for (at, sample) in samples.iter().enumerate() {
        for copy in 0..4 {
            let class = place.path("images").join(if at % 2 == 0 { "even" } else { "odd" });
            fs::create_dir_all(&class).unwrap();
            fs::copy(sample, class.join(format!("{at}-{copy}.png"))).unwrap();
        }
    }
    for (name, bytes) in extra {
        fs::write(place.path("images/even").join(name), bytes).unwrap();
    }
}

const RUN: [&str; 8] = ["--data", "images", "--epochs", "1", "--batch", "8", "--output", "run"];

#[test]
fn a_folder_of_images_is_trained_on_by_the_recipe_for_it() {
    let place = Place::new();
    folder(&place, &[("notes.txt", b"hello")]);
    let out = place.succeeds(&RUN);
    assert!(out.contains("recipe scratch") && out.contains("2 classes"), "{out}");
    assert!(out.contains("32 training and 8 validation images; left out: 1 other file ("), "{out}");
    // The image to try is one of the user's own.
    let next = out.lines().last().unwrap();
    let image = next.rsplit(' ').next().unwrap();
    assert!(
        Path::new(image).starts_with(place.0.path().canonicalize().unwrap().join("images"))
            || image.contains("images/")
    );
    assert!(Path::new(image).is_file(), "{next}");
}

#[test]
fn weights_to_begin_with_choose_the_recipe_for_them() {
    let place = Place::new();
    folder(&place, &[]);
    let weights = "digits/checkpoints/best.safetensors";
    let out = place.succeeds(&[&RUN[..], &["--pretrained", weights]].concat());
    assert!(out.contains("recipe finetune"), "{out}");
}

#[test]
fn a_bad_image_is_named_or_left_out_and_counted() {
    let place = Place::new();
    folder(&place, &[("broken.png", b"no picture"), ("worse.jpg", b"\xff\xd8\xff")]);
    let error = place.fails(&RUN);
    assert!(error.contains("images/even/broken.png") || error.contains("images/even/worse.jpg"), "{error}");

    let args = [&RUN[..6], &["--output", "skipped", "--on-bad-image", "skip"]].concat();
    let out = place.succeeds(&args);
    assert!(out.contains("left out ") && out.contains("bad files: "), "{out}");
    assert!(out.contains("broken.png") || out.contains("worse.jpg"), "{out}");
}

#[test]
fn a_folder_that_is_no_data_set_is_refused() {
    let place = Place::new();
    assert!(place.fails(&["--data", "nowhere"]).contains("nowhere"));
    fs::create_dir_all(place.path("empty")).unwrap();
    assert!(place.fails(&["--data", "empty"]).contains("empty"));
    assert!(!place.path("runs").exists());
}
