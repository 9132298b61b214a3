use candle_core::Tensor;

use super::{averages, begin, bits, tiny, tiny_config};
use crate::data::Share;
use crate::network::Network;
use crate::train::metrics::HEADER;
use crate::train::{Ema, Ended};
use crate::weights::{WeightsFile, read_network};

/// Sets every element of every weight and buffer.
fn fill(network: &dyn Network, value: f32) {
    for (_, var) in network.params().all() {
        var.set(&Tensor::full(value, var.shape(), var.device()).unwrap()).unwrap();
    }
}

#[test]
fn the_first_updates_keep_less() {
    let network = tiny(1, 4);
    fill(network.as_ref(), 0.0);
    let mut ema = Ema::new(0.5, network.params()).unwrap();
    let mut expected = 0f64;
    for (n, value) in [(1, 4.0), (2, -2.0), (9, 1.0)] {
        while ema.updates() + 1 < n {
            fill(network.as_ref(), 0.0);
            ema.update(network.params()).unwrap();
            expected *= 0.5f64.min((1.0 + ema.updates() as f64) / (10.0 + ema.updates() as f64));
        }
        fill(network.as_ref(), value);
        ema.update(network.params()).unwrap();
        let kept = 0.5f64.min((1.0 + n as f64) / (10.0 + n as f64));
        expected = kept * expected + (1.0 - kept) * f64::from(value);
    }
    for (name, values) in ema.iter() {
        let values: Vec<f32> = values.tensor().unwrap().to_vec1().unwrap();
        assert!(values.iter().all(|value| (f64::from(*value) - expected).abs() < 1e-6), "{name}: {values:?}");
    }
}

#[test]
fn a_swap_and_another_leave_everything_as_it_was() {
    let network = tiny(1, 4);
    let mut ema = Ema::new(0.9, network.params()).unwrap();
    fill(network.as_ref(), 1.0);
    ema.update(network.params()).unwrap();
    let (before, average) = (bits(network.as_ref()), averages(&ema));
    ema.swap(network.params()).unwrap();
    assert_ne!(bits(network.as_ref()), before);
    ema.swap(network.params()).unwrap();
    assert_eq!((bits(network.as_ref()), averages(&ema)), (before, average));
}

#[test]
fn averaged_weights_are_evaluated_beside_the_others_and_kept_where_they_are_better() {
    let parent = tempfile::tempdir().unwrap();
    // The rate makes the weights jump about, but not their average.
    let config = tiny_config("epochs = 6\nema.decay = 0.9\noptimizer.lr = 0.05\nschedule.kind = \"constant\"");
    let mut trainer = begin(config, &parent.path().join("run"));
    assert_eq!(trainer.run(&mut (), &|| false).unwrap(), Ended::Finished);
    let text = std::fs::read_to_string(trainer.facts().folder.metrics()).unwrap();
    let column = |name: &str| {
        let at = HEADER.split(',').position(|column| column == name).unwrap();
        text.lines().skip(1).map(|row| row.split(',').nth(at).unwrap().parse::<f64>().unwrap()).collect::<Vec<f64>>()
    };
    let (own, averaged) = (column("val_top1"), column("ema_top1"));
    assert_eq!((own.len(), averaged.len()), (6, 6));
    assert_ne!(column("val_loss"), column("ema_loss"));
    let best = trainer.facts().state.best.unwrap();
    let most = own.iter().chain(&averaged).copied().fold(0.0, f64::max);
    assert_eq!(best.top1, most);
    assert!(best.averaged, "of {own:?} and {averaged:?} the test needs an average that is best");
    let file = WeightsFile::open(trainer.facts().folder.best()).unwrap();
    let loaded = read_network(&file, &super::tiny_spec(), None, &candle_core::Device::Cpu, super::build_tiny).unwrap();
    assert_ne!(bits(loaded.as_ref()), bits(trainer.facts().network.as_ref()));
    let found = super::super::evaluate(
        loaded.as_ref(),
        super::super::eval_loader(&trainer.facts().config, &trainer.facts().split.val, loaded.as_ref(), Share::WHOLE)
            .unwrap(),
        |_| (),
    );
    assert_eq!(found.unwrap().top1, best.top1);
}
