use crate::{Place, metrics};

#[test]
fn progressive_learning_is_one_flag() {
    let place = Place::new();
    let args = ["--epochs", "4", "--batch", "128", "--progressive", "--set", "augment.mixup=0.2", "--output", "run"];
    let out = place.succeeds(&args);
    let table: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("stage")).take(5).collect();
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(table[0]), ["stage", "epochs", "px", "batch", "policy", "mixup", "cutmix", "dropout"]);
    assert_eq!(cells(table[1]), ["1", "1–1", "40", "128", "none", "0", "0", "0.05"]);
    assert_eq!(cells(table[4]), ["4", "4–4", "64", "128", "none", "0.2", "0", "0.1"]);
    let sizes: Vec<String> =
        metrics(&place.path("run"))[1..].iter().map(|row| row.split(',').nth(3).unwrap().to_owned()).collect();
    assert_eq!(sizes, ["40", "48", "56", "64"]);
}
