use candle_core::{DType, Device, Result as CandleResult, Tensor};

use super::{noise, tiny};
use crate::data::{Batch, Error as DataError};
use crate::train::Error;
use crate::train::evaluate::{Evaluation, WORST, evaluate};
use crate::{Core, Network, Pass};

/// A network whose logits are the first pixels of its images.
struct Echo(Box<dyn Network>);

impl Echo {
    fn new(classes: usize) -> Self {
        Self(tiny(0, classes))
    }
}

impl Network for Echo {
    fn core(&self) -> &Core {
        self.0.core()
    }

    fn run(&self, images: &Tensor, _: &Pass<'_>) -> CandleResult<Tensor> {
        images.flatten_from(1)?.narrow(1, 0, self.num_classes())
    }

    fn embeddings(&self, images: &Tensor, _: &Pass<'_>) -> CandleResult<Tensor> {
        images.flatten_from(1)
    }

    fn stage_maps(&self, _: &Tensor, _: &Pass<'_>) -> CandleResult<Vec<Tensor>> {
        Ok(Vec::new())
    }
}

/// A batch whose images are these logits.
fn batch(rows: &[&[f32]], labels: &[u32]) -> Result<Batch, DataError> {
    let (images, width) = (rows.len(), rows[0].len());
    let pixels = rows.concat();
    Ok(Batch {
        number: 0,
        images: Tensor::from_vec(pixels, (images, 1, 1, width), &Device::Cpu).unwrap(),
        labels: labels.to_vec(),
        samples: (0..images as u64).collect(),
        positions: (0..images).collect(),
        partners: None,
    })
}

#[test]
fn ranks_classes_and_confusions_are_counted() {
    let rows: [&[f32]; 4] = [
        // Right; second; sixth of seven; right, though another is equal, as it comes first.
        &[9., 1., 2., 3., 4., 5., 6.],
        &[9., 8., 2., 3., 4., 5., 6.],
        &[9., 1., 2., 3., 4., 5., 6.],
        &[0., 7., 7., 0., 0., 0., 0.],
    ];
    // Two batches of different size show that the mean is over images, not over batches.
    let batches = [batch(&rows[..3], &[0, 1, 2]), batch(&rows[3..], &[1])];
    let mut seen = Vec::new();
    let found = evaluate(&Echo::new(7), batches.into_iter(), |images| seen.push(images)).unwrap();
    assert_eq!(seen, [3, 1]);
    assert_eq!((found.images, found.top1, found.top5), (4, 0.5, 0.75));
    assert_eq!(found.classes[1].images, 2);
    assert_eq!(found.classes[1].accuracy(), Some(0.5));
    assert_eq!(found.classes[6].accuracy(), None);
    assert_eq!(found.confusion.iter().collect::<Vec<_>>(), [(0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1)]);
    assert_eq!(found.confusion.count(1, 0), 1);

    let loss = |row: &[f32], label: usize| {
        let sum: f64 = row.iter().map(|logit| f64::from(logit - row[label]).exp()).sum();
        sum.ln()
    };
    let mean = (loss(rows[0], 0) + loss(rows[1], 1) + loss(rows[2], 2) + loss(rows[3], 1)) / 4.0;
    assert!((found.loss - mean).abs() < 1e-5, "{} {mean}", found.loss);
}

#[test]
fn five_of_three_classes_are_all() {
    let found = evaluate(&Echo::new(3), [batch(&[&[3., 2., 1.]], &[2])].into_iter(), |_| {}).unwrap();
    assert_eq!((found.top1, found.top5), (0.0, 1.0));
}

/// NaN is neither right nor wrong, and a comparison would call it the first class: evaluation fails, whatever the
/// number of classes and the image's place.
#[test]
fn logits_that_are_not_finite_are_an_error_that_names_the_sample() {
    for classes in [3, 5, 7] {
        let good: Vec<f32> = (0..classes).map(|class| class as f32).collect();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in 0..classes {
                let mut logits = good.clone();
                logits[place] = bad;
                let rows: [&[f32]; 4] = [&good, &good, &logits, &logits];
                let error = evaluate(&Echo::new(classes), [batch(&rows, &[0; 4])].into_iter(), |_| {}).unwrap_err();
                assert!(matches!(error, Error::NotFiniteOutput { sample: 2 }), "{error}");
                assert!(error.to_string().contains("logits of sample 2 are not finite"), "{error}");
            }
        }
    }
}

#[test]
fn a_loss_that_f32_does_not_hold_is_an_error_that_names_the_worst() {
    let rows: [&[f32]; 3] = [&[1., 0., 0.], &[-3e38, 3e38, 0.], &[0., 1., 0.]];
    let error = evaluate(&Echo::new(3), [batch(&rows, &[0; 3])].into_iter(), |_| {}).unwrap_err();
    assert!(matches!(error, Error::NotFiniteOutput { sample: 1 }), "{error}");
}

#[test]
fn the_first_right_sample_is_named() {
    let rows: [&[f32]; 4] = [&[0., 1., 0.], &[0., 0., 1.], &[1., 0., 0.], &[0., 0., 1.]];
    let right = |labels: &[u32], numbers: [u64; 4]| {
        let mut batch = batch(&rows, labels).unwrap();
        batch.samples = numbers.to_vec();
        evaluate(&Echo::new(3), std::iter::once(Ok(batch)), |_| {}).unwrap().right
    };
    assert_eq!(right(&[0, 2, 0, 2], [0, 1, 2, 3]), Some(1));
    // The order is the source's, whatever the batch's.
    assert_eq!(right(&[0, 2, 0, 2], [4, 9, 5, 6]), Some(5));
    assert_eq!(right(&[0, 0, 1, 0], [0, 1, 2, 3]), None);
}

#[test]
fn the_worst_images_are_named_the_worst_first() {
    // 60 images of class 0 are taken for class 1, by growing margins in equal pairs, and one is found by a hair.
    let mut rows: Vec<[f32; 3]> = (0..60).map(|image| [0., 1. + (image / 2) as f32, 0.]).collect();
    rows.push([1., 1., 0.]);
    let found = |size: usize| {
        let batches = rows.chunks(size).enumerate().map(|(number, rows)| {
            let rows: Vec<&[f32]> = rows.iter().map(|row| row.as_slice()).collect();
            let mut batch = batch(&rows, &vec![0; rows.len()])?;
            batch.samples.iter_mut().for_each(|sample| *sample += (number * size) as u64);
            Ok(batch)
        });
        evaluate(&Echo::new(3), batches, |_| {}).unwrap().worst
    };
    let worst = found(61);
    let samples: Vec<u64> = worst.iter().map(|worst| worst.sample).collect();
    assert_eq!(samples[..4], [58, 59, 56, 57]);
    assert_eq!(samples.len(), WORST);
    assert_eq!(worst, found(7));
    let (sum, logit) = (2.0 + 30f64.exp(), 30.0);
    assert_eq!((worst[0].truth, worst[0].found), (0, 1));
    assert!((worst[0].loss - sum.ln()).abs() < 1e-9, "{:?}", worst[0]);
    assert!((worst[0].probability - f64::exp(logit) / sum).abs() < 1e-9, "{:?}", worst[0]);
}

#[test]
fn no_images_are_an_error() {
    let error = evaluate(&Echo::new(3), std::iter::empty(), |_| {}).unwrap_err();
    assert!(error.to_string().contains("no images to evaluate"), "{error}");
}

#[test]
fn evaluation_leaves_no_trace_and_does_not_depend_on_the_batch() {
    let network = tiny(1, 4);
    let before = super::bits(network.as_ref());
    let whole = noise(8, 4);
    let part = |from: usize, length: usize| {
        Ok(Batch {
            number: 0,
            images: whole.images.narrow(0, from, length).unwrap(),
            labels: whole.labels[from..from + length].to_vec(),
            samples: whole.samples[from..from + length].to_vec(),
            positions: whole.positions[from..from + length].to_vec(),
            partners: None,
        })
    };
    let at_once = evaluate(network.as_ref(), [part(0, 8)].into_iter(), |_| {}).unwrap();
    let in_parts = evaluate(network.as_ref(), [part(0, 3), part(3, 5)].into_iter(), |_| {}).unwrap();
    assert_eq!(at_once.confusion, in_parts.confusion);
    assert!((at_once.loss - in_parts.loss).abs() < 1e-6);
    assert_eq!(before, super::bits(network.as_ref()));
    assert_eq!(whole.images.dtype(), DType::F32);
}

#[test]
fn the_result_has_a_json_form() {
    let found = evaluate(&Echo::new(3), [batch(&[&[3., 2., 1.]], &[1])].into_iter(), |_| {}).unwrap();
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["top1"], 0.0);
    assert_eq!(json["confusion"], serde_json::json!([[1, 0, 1]]));
    assert_eq!(json["classes"][1], serde_json::json!({"images": 1, "correct": 0}));
    let again: Evaluation = serde_json::from_value(json).unwrap();
    assert_eq!(again, found);
    // A loss that is not finite comes back as one.
    let found = Evaluation { loss: f64::NAN, ..found };
    let again: Evaluation = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert!(again.loss.is_nan() && again.worst == found.worst);
}
