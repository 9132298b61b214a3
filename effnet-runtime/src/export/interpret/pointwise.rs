//! Operators that see pixels one by one, or all of a channel.

use super::Array;

/// `(x - mean) / √(variance + ε) · scale + shift`, in each channel.
pub(super) fn norm(x: &Array, of_channel: [&Array; 4], eps: f32) -> Option<Array> {
    let [_, channels, height, width] = x.map_shape()?;
    if of_channel.iter().any(|values| values.shape != [channels]) {
        return None;
    }
    let [scale, shift, mean, variance] = of_channel.map(|values| &values.data);
    let mut y = x.clone();
    for (at, plane) in y.data.chunks_exact_mut((height * width).max(1)).enumerate() {
        let channel = at % channels;
        let factor = scale[channel] / (variance[channel] + eps).sqrt();
        plane.iter_mut().for_each(|value| *value = (*value - mean[channel]) * factor + shift[channel]);
    }
    Some(y)
}

/// `min(max(x, low), high)`.
pub(super) fn clip(x: &Array, low: &Array, high: &Array) -> Option<Array> {
    let (low, high) = (low.number()?, high.number()?);
    Some(x.map(|x| x.max(low).min(high)))
}

/// The mean of each channel, `[N, C, 1, 1]`.
pub(super) fn mean(x: &Array) -> Option<Array> {
    let [batch, channels, height, width] = x.map_shape()?;
    let mean = |plane: &[f32]| (plane.iter().map(|x| f64::from(*x)).sum::<f64>() / (height * width) as f64) as f32;
    let data = x.data.chunks_exact((height * width).max(1)).map(mean).collect();
    Some(Array::new(vec![batch, channels, 1, 1], data))
}
