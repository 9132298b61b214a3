//! Mean and variance of each channel over pixels: those of a part of a map, of a batch, or of all ranks' batches.

/// Mean of each channel, and sum of squares around it, over some pixels.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub(super) pixels: usize,
    pub(super) mean: Vec<f64>,
    pub(super) squares: Vec<f64>,
}

impl Moments {
    /// The moments of no pixels.
    pub(crate) fn none(channels: usize) -> Self {
        Self { pixels: 0, mean: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    /// Joins those of other pixels to these with Chan's formula in f64, where no large squares cancel.
    pub(crate) fn join<F: Copy + Into<f64>>(&mut self, pixels: usize, mean: &[F], squares: &[F]) {
        if pixels == 0 {
            return;
        }
        let (seen, new) = (self.pixels as f64, pixels as f64);
        let (share, weight) = (new / (seen + new), seen * new / (seen + new));
        let own = self.mean.iter_mut().zip(&mut self.squares);
        for ((own_mean, own_squares), (mean, squares)) in own.zip(mean.iter().zip(squares)) {
            let delta = (*mean).into() - *own_mean;
            *own_mean += delta * share;
            *own_squares += (*squares).into() + delta * delta * weight;
        }
        self.pixels += pixels;
    }

    /// Pixels that they are of.
    pub(crate) fn pixels(&self) -> usize {
        self.pixels
    }

    /// Mean of each channel.
    pub(crate) fn mean(&self) -> Vec<f32> {
        self.mean.iter().map(|mean| *mean as f32).collect()
    }

    /// Variance of each channel, biased.
    pub(crate) fn variance(&self) -> Vec<f32> {
        let pixels = self.pixels as f64;
        self.squares.iter().map(|squares| (squares / pixels) as f32).collect()
    }

    /// The variance as an estimate of the population's: `Σ (z - mean)² / (pixels - 1)`, and 0 for a single pixel, which
    /// gives no estimate.
    pub(crate) fn unbiased_variance(&self) -> Vec<f32> {
        let correction = self.pixels as f64 / (self.pixels as f64 - 1.0).max(1.0);
        self.variance().iter().map(|variance| (f64::from(*variance) * correction) as f32).collect()
    }
}
