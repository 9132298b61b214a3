use crate::{Place, metrics};

/// Learning rates of a run's epochs, and its last training loss, with settings.
fn run(place: &Place, output: &str, batch: &str, settings: &[&str]) -> (Vec<f64>, f64) {
    let mut args = vec!["--epochs", "3", "--batch", batch, "--quiet", "--output", output];
    for setting in settings {
        args.extend(["--set", setting]);
    }
    place.succeeds(&args);
    let rows = metrics(&place.path(output));
    let cell = |row: &String, at: usize| row.split(',').nth(at).unwrap().parse::<f64>().unwrap();
    (rows[1..].iter().map(|row| cell(row, 2)).collect(), cell(rows.last().unwrap(), 4))
}

/// Every optimizer learns: ten classes by chance are a loss of 2.3.
#[test]
fn every_optimizer_learns() {
    let place = Place::new();
    for (kind, lr) in [("adamw", "0.02"), ("sgd", "1"), ("rmsprop", "0.3")] {
        let settings = [format!("optimizer.kind={kind}"), format!("optimizer.lr={lr}")];
        let (_, loss) = run(&place, kind, "128", &[&settings[0], &settings[1]]);
        assert!(loss < 2.1, "{kind}: {loss}");
    }
}

/// The rate of each epoch's last step, five an epoch, from a highest rate of 0.01 and with no warm-up.
#[test]
fn every_schedule_is_a_setting() {
    let place = Place::new();
    for (kind, more, expected) in [
        ("constant", &[][..], [1.0, 1.0, 1.0]),
        ("linear", &[], [11.0 / 15.0, 6.0 / 15.0, 1.0 / 15.0]),
        ("exponential", &["schedule.decay_factor=0.5", "schedule.decay_epochs=1"], [1.0, 0.5, 0.25]),
        ("cosine", &[], [4.0, 9.0, 14.0].map(|step: f64| (1.0 + (step / 15.0 * std::f64::consts::PI).cos()) / 2.0)),
    ] {
        let kind = format!("schedule.kind={kind}");
        let common = ["optimizer.lr=0.01", "schedule.warmup=0", "schedule.floor=0", &kind];
        let (rates, _) = run(&place, &kind["schedule.kind=".len()..], "256", &[&common[..], more].concat());
        for (rate, share) in rates.iter().zip(expected) {
            assert!((rate - 0.01 * share).abs() < 1e-9, "{kind}: {rates:?}, not {expected:?} of 0.01");
        }
    }
}

/// `lr` is for 256 images where `lr_batch` says so.
#[test]
fn the_rate_follows_the_batch_where_the_recipe_says_so() {
    let place = Place::new();
    let common = ["schedule.kind=constant", "schedule.warmup=0", "optimizer.lr=0.005"];
    let (rates, _) = run(&place, "scaled", "256", &[&common[..], &["optimizer.lr_batch=128"]].concat());
    assert!(rates.iter().all(|rate| (rate - 0.01).abs() < 1e-12), "{rates:?}");
}
