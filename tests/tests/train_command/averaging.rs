use crate::{Place, metrics};

#[test]
fn averaged_weights_are_evaluated_beside_the_raw_ones() {
    let place = Place::new();
    let out = place.succeeds(&["--epochs", "2", "--batch", "128", "--set", "ema.decay=0.99", "--output", "run"]);
    assert_eq!(out.lines().filter(|line| line.contains("  averaged ")).count(), 2, "{out}");
    let rows = metrics(&place.path("run"));
    assert!(rows[0].ends_with(",val_loss,val_top1,val_top5,ema_loss,ema_top1,ema_top5"), "{rows:?}");
    for row in &rows[1..] {
        let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_ne!(cells[5], cells[8], "the losses of both are those of two networks: {row}");
        assert!((0.0..=1.0).contains(&cells[9]) && cells[9] <= cells[10], "{row}");
    }
}
