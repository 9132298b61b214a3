//! How much a file with rounded weights says what the engine says.

use candle_core::Tensor;

use super::Onnx;
use super::error::{Error, Result};
use super::input::Input;
use crate::infer::Engine;

/// Where the engine gives a class this probability, it is sure.
const SURE: f64 = 0.4;

/// How alike the answers of a file and of the engine are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Images that were asked about.
    pub images: usize,
    /// Images for which both find the same class most likely.
    pub same: usize,
    /// Images for which the engine gives a class a probability of at least 0.4.
    pub sure: usize,
    /// Sure images for which the file finds another class more likely.
    pub missed: usize,
    /// Mean over images of the correlation between the file's logits and the engine's.
    pub correlation: f64,
}

impl Onnx {
    /// Compares the file's answers with the engine's, for images `[1, C, H, W]` as the engine takes them.
    ///
    /// # Errors
    /// As [`Onnx::run`], where `images` has one, and when there are no images.
    pub fn compare<E: From<Error>>(
        &self,
        engine: &Engine,
        images: impl IntoIterator<Item = std::result::Result<Tensor, E>>,
    ) -> std::result::Result<Similarity, E> {
        let dialect = self.metadata()?.dialect;
        let input = Input::of(&self.graph, &dialect)?;
        let mut all = Similarity { images: 0, same: 0, sure: 0, missed: 0, correlation: 0.0 };
        for image in images {
            let image = image?;
            let expected = first(engine.forward(&image).map_err(Error::from)?)?;
            let found = first(self.run(&input.of_engine(&image)?)?)?;
            let same = largest(&found) == largest(&expected);
            let sure = probability(&expected) >= SURE;
            all.images += 1;
            all.same += usize::from(same);
            all.sure += usize::from(sure);
            all.missed += usize::from(sure && !same);
            all.correlation += correlation(&found, &expected);
        }
        if all.images == 0 {
            return Err(Error::NoImages.into());
        }
        Ok(Similarity { correlation: all.correlation / all.images as f64, ..all })
    }
}

/// The first image's logits.
fn first(logits: Tensor) -> Result<Vec<f32>> {
    Ok(logits.get(0)?.to_vec1()?)
}

fn largest(logits: &[f32]) -> Option<usize> {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
}

/// The softmax's largest.
fn probability(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    1.0 / logits.iter().map(|logit| f64::from(logit - largest).exp()).sum::<f64>()
}

fn correlation(x: &[f32], y: &[f32]) -> f64 {
    let mean = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let pairs = x.iter().zip(y).map(|(x, y)| (f64::from(*x) - mean_x, f64::from(*y) - mean_y));
    let sums = pairs.fold([0.0; 3], |[xy, xx, yy], (x, y)| [xy + x * y, xx + x * x, yy + y * y]);
    sums[0] / (sums[1] * sums[2]).sqrt()
}
