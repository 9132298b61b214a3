//! A stem, and the numbers that normalise its images, for another number of channels: what timm's `adapt_input_conv`
//! does (`timm/models/_manipulate.py`).

use candle_core::{Result, Tensor};

use crate::dialect::Dialect;

/// The weights `[O, I, k, k]` of a stem, for images of `channels` channels. For one channel they are summed: a grey image
/// gives what its three equal channels gave. Otherwise the channels are repeated, and scaled by `I / channels`, so that
/// the stem's results keep their size.
pub(super) fn adapted(weights: &Tensor, channels: usize) -> Result<Tensor> {
    let held = weights.dim(1)?;
    if channels == 1 {
        return weights.sum_keepdim(1);
    }
    let repeated = Tensor::cat(&vec![weights; channels.div_ceil(held)], 1)?;
    repeated.narrow(1, 0, channels)?.affine(held as f64 / channels as f64, 0.0)
}

impl Dialect {
    /// The dialect for images of another number of channels than its mean and standard deviation name: their mean for grey
    /// images, else repeated as a stem's weights are.
    #[must_use]
    pub fn of_channels(self, channels: usize) -> Self {
        let numbers = |numbers: Vec<f64>| match numbers.len() {
            1 => numbers,
            held if held == channels => numbers,
            held if channels == 1 => vec![numbers.iter().sum::<f64>() / held as f64],
            _ => numbers.iter().copied().cycle().take(channels).collect(),
        };
        Self { mean: numbers(self.mean), std: numbers(self.std), ..self }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, IndexOp};
    use effnet_spec::Settings;

    use super::*;

    /// The values of timm 1.0.31: `adapt_input_conv(n, torch.arange(6.).reshape(2, 3, 1, 1))`.
    #[test]
    fn stems_are_timms() -> Result<()> {
        let weights = Tensor::arange(0f32, 6.0, &Device::Cpu)?.reshape((2, 3, 1, 1))?;
        for (channels, expected) in [
            (1, vec![3.0, 12.0]),
            (2, vec![0.0, 1.5, 4.5, 6.0]),
            (4, vec![0.0, 0.75, 1.5, 0.0, 2.25, 3.0, 3.75, 2.25]),
            (7, vec![0., 3., 6., 0., 3., 6., 0., 9., 12., 15., 9., 12., 15., 9.].iter().map(|x| x / 7.0).collect()),
        ] {
            let adapted = adapted(&weights, channels)?;
            assert_eq!(adapted.dims(), [2, channels, 1, 1]);
            let values: Vec<f32> = adapted.flatten_all()?.to_vec1()?;
            let near = values.iter().zip(&expected).all(|(value, expected)| (value - expected).abs() < 1e-6);
            assert!(near && values.len() == expected.len(), "{channels}: {values:?}");
        }
        assert_eq!(adapted(&weights.i((.., ..1))?, 3)?.dims(), [2, 3, 1, 1]);
        Ok(())
    }

    #[test]
    fn numbers_follow_the_channels() {
        let mut dialect = Dialect::of(&Settings::DEFAULT);
        dialect.mean = vec![0.1, 0.2, 0.6];
        dialect.std = vec![0.5];
        assert_eq!(dialect.clone().of_channels(3), dialect);
        let grey = dialect.clone().of_channels(1);
        assert!((grey.mean[0] - 0.3).abs() < 1e-12 && grey.mean.len() == 1 && grey.std == [0.5]);
        assert_eq!(dialect.of_channels(4).mean, [0.1, 0.2, 0.6, 0.1]);
    }
}
