use super::super::error::Error;
use super::super::luma::{luma, luma_of_floats};

/// Turns bytes into floats: `(byte / 255 − mean) / std` in each channel, in f32 as torchvision computes it.
#[derive(Clone, Debug)]
pub struct Normalise {
    /// The value of each byte, for each channel: 1 (grey) or 3 (red, green, blue).
    tables: Vec<[f32; 256]>,
    /// Mean and standard deviation of each channel.
    moments: Vec<(f32, f32)>,
}

impl Normalise {
    /// The normalisation for a network of `channels` input channels. `mean` and `std` refer to pixels in 0..=1 and hold
    /// one number for all channels or one a channel.
    ///
    /// # Errors
    /// If a network with that many channels cannot take pictures, or there are too many numbers, or they make no sense.
    pub fn new(channels: usize, mean: &[f64], std: &[f64]) -> Result<Self, Error> {
        Error::require(channels == 1 || channels == 3, || {
            format!("in_channels is {channels}, but images feed networks of 1 (grey) or 3 (RGB) input channels")
        })?;
        for (what, numbers) in [("mean", mean), ("std", std)] {
            Error::require(numbers.len() == 1 || numbers.len() == channels, || {
                let wanted = if channels == 1 { "1" } else { "1 or 3" };
                format!("{what} has {} numbers instead of {wanted}", numbers.len())
            })?;
        }
        let make_sense =
            mean.iter().all(|mean| mean.is_finite()) && std.iter().all(|std| std.is_finite() && *std > 0.0);
        Error::require(make_sense, || format!("mean {mean:?} must be finite and std {std:?} above 0"))?;
        let of = |numbers: &[f64], channel: usize| numbers[channel.min(numbers.len() - 1)] as f32;
        let moments: Vec<(f32, f32)> = (0..channels).map(|channel| (of(mean, channel), of(std, channel))).collect();
        let table = |moments: &(f32, f32)| std::array::from_fn(|byte| normalised(byte as f32, *moments));
        Ok(Self { tables: moments.iter().map(table).collect(), moments })
    }

    /// How many channels come out.
    pub fn channels(&self) -> usize {
        self.tables.len()
    }

    /// As [`Self::apply`], for values from 0 to 255 that are not rounded.
    pub(super) fn apply_floats(&self, values: &[f32], out: &mut [f32]) {
        write_planes(values.as_chunks().0, out, &self.moments, luma_of_floats, |value, moments| {
            normalised(value, *moments)
        });
    }

    /// Normalises RGB pixels, row by row, into channels. `out` holds `channels` × the number of pixels.
    pub fn apply(&self, pixels: &[u8], out: &mut [f32]) {
        write_planes(pixels.as_chunks().0, out, &self.tables, luma, |byte, table| table[usize::from(byte)]);
    }
}

/// Writes each channel of RGB pixels by its own settings, or their grey where there is one channel.
#[inline(always)]
fn write_planes<T: Copy, S>(
    pixels: &[[T; 3]],
    out: &mut [f32],
    channels: &[S],
    grey: impl Fn([T; 3]) -> T,
    value: impl Fn(T, &S) -> f32,
) {
    if let [settings] = channels {
        for (to, pixel) in out.iter_mut().zip(pixels) {
            *to = value(grey(*pixel), settings);
        }
        return;
    }
    for ((channel, settings), plane) in channels.iter().enumerate().zip(out.chunks_exact_mut(pixels.len())) {
        for (to, pixel) in plane.iter_mut().zip(pixels) {
            *to = value(pixel[channel], settings);
        }
    }
}

fn normalised(value: f32, (mean, std): (f32, f32)) -> f32 {
    (value / 255.0 - mean) / std
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_what_torchvision_makes_of_them() {
        let normalise = Normalise::new(3, &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]).unwrap();
        let mut out = [0.0; 6];
        normalise.apply(&[0, 128, 255, 10, 20, 30], &mut out);
        // normalize(to_tensor(picture), mean, std) of torchvision.transforms.functional, to the bit.
        assert_eq!(out, [-2.117_904, -1.946_656_5, 0.205_182_2, -1.685_574_2, 2.64, -1.281_568_6]);
    }

    #[test]
    fn one_channel_is_the_luma() {
        let mut out = [0.0; 2];
        Normalise::new(1, &[0.0], &[1.0]).unwrap().apply(&[255, 0, 0, 0, 255, 0], &mut out);
        assert_eq!(out, [76.0 / 255.0, 150.0 / 255.0]);
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let says = |channels, mean: &[f64], std: &[f64]| Normalise::new(channels, mean, std).unwrap_err().to_string();
        assert!(says(4, &[0.5], &[0.5]).contains("in_channels is 4"));
        assert!(says(1, &[0.5; 3], &[0.5]).contains("mean has 3 numbers instead of 1"));
        assert!(says(3, &[0.5], &[0.5; 2]).contains("std has 2 numbers instead of 1 or 3"));
        assert!(says(3, &[0.5], &[0.0]).contains("std [0.0] above 0"));
        assert!(says(3, &[f64::NAN], &[0.5]).contains("mean"));
    }
}
