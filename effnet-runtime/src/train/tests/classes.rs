use super::{OPTIONS, few_digits, noise, tiny, tiny_config};
use crate::train::class_weights::class_weights;
use crate::train::config::{ClassWeights, ClassWeightsRule};
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::{StepOptions, step};

#[test]
fn weights_have_a_mean_of_one_over_the_images() {
    let split = few_digits(&tiny_config(""));
    let source = split.train.as_ref();
    let of = |config: &ClassWeights| class_weights(config, source).unwrap();
    assert_eq!(of(&ClassWeights::Rule(ClassWeightsRule::Equal)), None);
    let mut images = [0f64; 10];
    (0..source.len()).for_each(|sample| images[source.label(sample)] += 1.0);
    let balanced = of(&ClassWeights::Rule(ClassWeightsRule::Balanced)).unwrap();
    let sums: Vec<f64> = balanced.iter().zip(images).map(|(weight, images)| f64::from(*weight) * images).collect();
    assert!(sums.iter().all(|sum| (sum - 4.1).abs() < 1e-5), "{sums:?}");
    let listed = of(&ClassWeights::Listed(vec![3.0; 10])).unwrap();
    assert!(listed.iter().all(|weight| (weight - 1.0).abs() < 1e-6));
}

#[test]
fn weights_that_make_no_sense_are_refused() {
    let split = few_digits(&tiny_config(""));
    let says = |weights: Vec<f64>| {
        class_weights(&ClassWeights::Listed(weights), split.train.as_ref()).unwrap_err().to_string()
    };
    assert!(says(vec![1.0; 3]).contains("has 3 weights, and the data set 10 classes"));
    assert!(says(vec![0.0; 10]).contains("nothing to learn"));
}

#[test]
fn a_class_of_weight_zero_is_not_learnt_from() {
    let loss = |weights: Option<&[f32]>| {
        let options = StepOptions { label_smoothing: 0.0, class_weights: weights, ..OPTIONS };
        let mut optimizer = Optimizer::new(Sgd::default(), Decay::default());
        step(tiny(1, 4).as_ref(), &mut optimizer, &[noise(8, 4)], &options, 0, 0.1).unwrap().loss
    };
    let each: f64 =
        (0..4).map(|class| loss(Some(&std::array::from_fn::<f32, 4, _>(|at| f32::from(at == class))))).sum();
    assert!((each - loss(None)).abs() < 1e-5);
    assert_eq!(loss(Some(&[0.0; 4])), 0.0);
}
