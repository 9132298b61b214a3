//! Weights of classes in the loss.

use super::config::{ClassWeights, ClassWeightsRule};
use super::error::{Error, Result};
use crate::data::Source;

/// Weight of each class; none if all count the same. The mean over the images of `source` is 1, so that loss and
/// learning rate keep their scale.
///
/// # Errors
/// When the settings list more or fewer weights than there are classes, or only zeros.
pub(super) fn class_weights(config: &ClassWeights, source: &dyn Source) -> Result<Option<Vec<f32>>> {
    let mut images = vec![0usize; source.classes().len()];
    (0..source.len()).for_each(|sample| images[source.label(sample)] += 1);
    let weights: Vec<f64> = match config {
        ClassWeights::Rule(ClassWeightsRule::Equal) => return Ok(None),
        // A class without images gets weight 0.
        ClassWeights::Rule(ClassWeightsRule::Balanced) => {
            images.iter().map(|images| if *images == 0 { 0.0 } else { 1.0 / *images as f64 }).collect()
        }
        ClassWeights::Listed(weights) if weights.len() == images.len() => weights.clone(),
        ClassWeights::Listed(weights) => {
            return Err(Error::Setting(format!(
                "regularise.class_weights has {} weights, and the data set {} classes: give one a class, in the order of \
                 their names",
                weights.len(),
                images.len()
            )));
        }
    };
    let sum: f64 = weights.iter().zip(&images).map(|(weight, images)| weight * *images as f64).sum();
    if sum <= 0.0 {
        return Err(Error::Setting(
            "regularise.class_weights leaves nothing to learn: every class that has images weighs 0".to_owned(),
        ));
    }
    let mean = sum / images.iter().sum::<usize>() as f64;
    Ok(Some(weights.iter().map(|weight| (weight / mean) as f32).collect()))
}
