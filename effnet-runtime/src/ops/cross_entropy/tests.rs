use candle_core::{Device, Tensor, Var};
use effnet_kernels::threads::Pool;
use num_traits::Float;
use proptest::prelude::*;

use super::{cross_entropy, smoothed, smoothed_pairs};

/// Loss and gradient by the book, in any precision.
fn reference<T: Float>(logits: &[T], targets: &[T], classes: usize) -> (T, Vec<T>) {
    let rows = T::from(logits.len() / classes).unwrap();
    let (mut loss, mut gradient) = (T::zero(), Vec::new());
    for (logits, targets) in logits.chunks(classes).zip(targets.chunks(classes)) {
        let largest = logits.iter().copied().fold(T::neg_infinity(), T::max);
        let sum = logits.iter().fold(T::zero(), |sum, z| sum + (*z - largest).exp());
        let mass = targets.iter().fold(T::zero(), |sum, t| sum + *t);
        for (z, t) in logits.iter().zip(targets) {
            let log_softmax = *z - largest - sum.ln();
            loss = loss - *t * log_softmax / rows;
            gradient.push((log_softmax.exp() * mass - *t) / rows);
        }
    }
    (loss, gradient)
}

fn problem() -> impl Strategy<Value = (usize, Vec<f64>, Vec<f64>)> {
    (1usize..6, 1usize..12).prop_flat_map(|(rows, classes)| {
        let n = rows * classes;
        (Just(classes), prop::collection::vec(-8.0..8.0, n), prop::collection::vec(0.0..1.0, n))
    })
}

fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

/// How far the f32 op may be from the f64 reference: the rounding of sums over a dozen classes.
const F32_TOLERANCE: f64 = 1e-4;

proptest! {
    #[test]
    fn the_reference_agrees_with_central_differences((classes, logits, targets) in problem()) {
        let (_, gradient) = reference(&logits, &targets, classes);
        let scale = gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        for at in 0..logits.len() {
            let around = |by: f64| {
                let mut logits = logits.clone();
                logits[at] += by;
                reference(&logits, &targets, classes).0
            };
            // Fourth order, so that the step can be wide enough for rounding not to count.
            let h = 1e-3;
            let slope = (8.0 * (around(h) - around(-h)) - (around(2.0 * h) - around(-2.0 * h))) / (12.0 * h);
            prop_assert!((slope - gradient[at]).abs() <= 1e-6 * scale.max(1e-3), "{slope} {}", gradient[at]);
        }
    }

    #[test]
    fn the_op_agrees_with_the_reference_in_f64((classes, logits, targets) in problem()) {
        let shape = (logits.len() / classes, classes);
        let z = Var::from_vec(to_f32(&logits), shape, &Device::Cpu).unwrap();
        let t = Tensor::from_vec(to_f32(&targets), shape, &Device::Cpu).unwrap();
        let loss = cross_entropy(&z, &t).unwrap();
        // A factor behind the loss, so that the gradient that comes in is not 1.
        let store = (&loss * 3.0).unwrap().backward().unwrap();
        let actual: Vec<f32> = store.get(&z).unwrap().flatten_all().unwrap().to_vec1().unwrap();

        let (expected, gradient) = reference(&logits, &targets, classes);
        let loss = f64::from(loss.to_scalar::<f32>().unwrap());
        prop_assert!((loss - expected).abs() <= F32_TOLERANCE * expected.abs().max(1.0), "{loss} {expected}");
        for (a, e) in actual.iter().zip(&gradient) {
            prop_assert!((f64::from(*a) - 3.0 * e).abs() <= F32_TOLERANCE, "{a} {e}");
        }
    }
}

#[test]
fn any_layout_is_taken() {
    let rows = Tensor::new(&[[1f32, -2., 0.5], [0.3, 0.1, -0.7]], &Device::Cpu).unwrap();
    let columns = rows.t().unwrap().contiguous().unwrap().t().unwrap();
    let targets = smoothed(&[2, 0], 3, 0.1).unwrap();
    let loss = |logits: &Tensor| cross_entropy(logits, &targets).unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(loss(&rows), loss(&columns));
}

#[test]
fn smoothing_is_pytorchs() {
    // torch.nn.functional.cross_entropy(torch.tensor([[1., -2., .5], [.3, .1, -.7]]), torch.tensor([2, 0]),
    // label_smoothing=0.1)
    let logits = Tensor::new(&[[1f32, -2., 0.5], [0.3, 0.1, -0.7]], &Device::Cpu).unwrap();
    let loss = cross_entropy(&logits, &smoothed(&[2, 0], 3, 0.1).unwrap()).unwrap();
    assert!((loss.to_scalar::<f32>().unwrap() - PYTORCH_LOSS).abs() < 1e-6, "{loss}");
}

/// The loss that the call above returns.
const PYTORCH_LOSS: f32 = 0.946_808;

#[test]
fn mixed_targets_are_the_sum_of_smoothed_ones() {
    let (labels, partners) = ([2, 0, 1], [(0, 0.75f32), (1, 0.3), (1, 1.0)]);
    let rows = smoothed_pairs(&labels, &partners, 4, 0.1).unwrap().to_vec2::<f32>().unwrap();
    let first = smoothed(&labels, 4, 0.1).unwrap().to_vec2::<f32>().unwrap();
    let second = smoothed(&partners.map(|partner| partner.0), 4, 0.1).unwrap().to_vec2::<f32>().unwrap();
    for (at, row) in rows.iter().enumerate() {
        let weight = partners[at].1;
        for (class, target) in row.iter().enumerate() {
            let want = weight * first[at][class] + (1.0 - weight) * second[at][class];
            assert!((target - want).abs() < 1e-7, "{target} {want}");
        }
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
    // A label that is mixed with its own, or not at all, is as if it weren't: to the bit.
    let same = [(2, 0.37), (0, 0.9), (1, 1.0)];
    assert_eq!(smoothed_pairs(&labels, &same, 4, 0.1).unwrap().to_vec2::<f32>().unwrap(), first);
    let whole = [(0, 1.0), (1, 1.0), (3, 1.0)];
    assert_eq!(smoothed_pairs(&labels, &whole, 4, 0.1).unwrap().to_vec2::<f32>().unwrap(), first);
}

#[test]
fn mixed_targets_give_the_mixed_loss() {
    // (.75 * f + .25 * g).mean(), where f and g are torch.nn.functional.cross_entropy(torch.tensor([[1., -2., .5],
    // [.3, .1, -.7]]), y, label_smoothing=0.1, reduction="none") of y = torch.tensor([2, 0]) and torch.tensor([0, 1])
    let logits = Tensor::new(&[[1f32, -2., 0.5], [0.3, 0.1, -0.7]], &Device::Cpu).unwrap();
    let targets = smoothed_pairs(&[2, 0], &[(0, 0.75), (1, 0.75)], 3, 0.1).unwrap();
    let loss = cross_entropy(&logits, &targets).unwrap().to_scalar::<f32>().unwrap();
    assert!((loss - PYTORCH_MIXED_LOSS).abs() < 1e-6, "{loss}");
}

/// The loss that the expression above gives.
const PYTORCH_MIXED_LOSS: f32 = 0.913_058;

#[test]
fn huge_logits_stay_finite() {
    let logits = Var::from_vec(vec![1e30f32, -1e30, 0.0], (1, 3), &Device::Cpu).unwrap();
    let targets = smoothed(&[0], 3, 0.0).unwrap();
    let loss = cross_entropy(&logits, &targets).unwrap();
    assert_eq!(loss.to_scalar::<f32>().unwrap(), 0.0);
    let gradient = loss.backward().unwrap().get(&logits).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(gradient, [0.0; 3]);
}

#[test]
fn threads_change_no_bit() {
    let logits: Vec<f32> = (0..64 * 37).map(|i| ((i * 7919) % 1000) as f32 / 100.0).collect();
    let labels: Vec<u32> = (0..64).map(|i| i % 37).collect();
    let run = |threads| {
        std::sync::Arc::new(Pool::new(threads)).install(|| {
            let logits = Var::from_vec(logits.clone(), (64, 37), &Device::Cpu).unwrap();
            let loss = cross_entropy(&logits, &smoothed(&labels, 37, 0.1).unwrap()).unwrap();
            let gradient = loss.backward().unwrap().get(&logits).unwrap().to_vec2::<f32>().unwrap();
            (loss.to_scalar::<f32>().unwrap(), gradient)
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn what_does_not_fit_is_refused() {
    let logits = Tensor::zeros((2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let targets = smoothed(&[0, 1], 4, 0.0).unwrap();
    assert!(cross_entropy(&logits, &targets).unwrap_err().to_string().contains("differ in shape"));
    let says = |partners: &[(u32, f32)]| smoothed_pairs(&[0, 1], partners, 3, 0.0).unwrap_err().to_string();
    assert!(says(&[(0, 0.5)]).contains("2 labels have 1 partners"));
    assert!(says(&[(0, 0.5), (0, 1.5)]).contains("weight of 1.5 is not within 0..=1"));
    assert!(says(&[(0, 0.5), (3, 0.5)]).contains("label 3 is not one of 3 classes"));
    assert!(smoothed(&[0, 3], 3, 0.0).unwrap_err().to_string().contains("label 3 is not one of 3 classes"));
}
