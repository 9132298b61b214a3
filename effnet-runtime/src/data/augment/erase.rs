//! Random erasing (Zhong, Zheng, Kang, Li & Yang, *Random Erasing Data Augmentation*, 2017), as timm has it.

use std::ops::Range;

use super::super::bounds;
use super::super::draw::{Draw, Part};
use super::super::error::Error;
use super::super::rectangle::rectangles;

/// The values that an erased rectangle shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraseMode {
    /// Zero, the mean colour (timm's `const`).
    #[default]
    Zero,
    /// Normal noise with mean 0 and standard deviation 1 in each value (timm's `pixel`).
    Noise,
}

/// Covers a random rectangle of a picture that is already normalised: timm's `RandomErasing` with one rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Erasing {
    /// Probability that a picture is erased; 0 is off.
    pub probability: f64,
    /// The rectangle's least and greatest share of the picture's area.
    pub area: (f64, f64),
    /// The rectangle's least and greatest aspect, height by width; its logarithm is uniform.
    pub aspect: (f64, f64),
    /// The values that are put in its place.
    pub mode: EraseMode,
}

impl Erasing {
    /// timm's defaults: 2 % to a third of the picture, aspects from 0.3 to 1 / 0.3, zeros.
    pub const fn new(probability: f64) -> Self {
        Self { probability, area: (0.02, 1.0 / 3.0), aspect: (0.3, 1.0 / 0.3), mode: EraseMode::Zero }
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// [`Error::Option`] with the first that doesn't.
    pub fn check(&self) -> Result<(), Error> {
        bounds::probability("random erasing's probability", self.probability)?;
        bounds::shares("random erasing's area", self.area)?;
        bounds::ratios("random erasing's aspect", self.aspect)
    }

    /// Covers one rectangle in every channel of a picture of `width` × `height`, or none.
    pub(crate) fn apply(&self, planes: &mut [f32], (width, height): (usize, usize), draw: Draw) {
        let Some((columns, rows)) = self.rectangle((width, height), draw) else { return };
        let noise = draw.stream(Part::EraseNoise);
        let lines = planes.chunks_exact_mut(width).enumerate();
        for (row, values) in lines.filter(|(row, _)| rows.contains(&(row % height))) {
            match self.mode {
                EraseMode::Zero => values[columns.clone()].fill(0.0),
                EraseMode::Noise => {
                    for column in columns.clone() {
                        values[column] = noise.normal((row * width + column) as u64) as f32;
                    }
                }
            }
        }
    }

    /// Columns and rows of the rectangle. None where chance spares the picture, and after ten draws that do not fit.
    fn rectangle(&self, (width, height): (usize, usize), draw: Draw) -> Option<(Range<usize>, Range<usize>)> {
        let draws = draw.stream(Part::Erase);
        if draws.uniform(0) >= self.probability {
            return None;
        }
        let place = |element, extent, side| {
            let from = draws.below(element, (side - extent) as u64 + 1) as usize;
            from..from + extent
        };
        rectangles(&draws, 1, (width * height) as f64, self.area, self.aspect).find_map(|(element, h, w)| {
            let (w, h) = (w as usize, h as usize);
            (w < width && h < height).then(|| (place(element + 1, w, width), place(element, h, height)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 40;

    fn draw(sample: u64) -> Draw {
        Draw { seed: 4, epoch: 1, sample }
    }

    /// How many of a picture's ones were erased, and the picture.
    fn erased(erasing: &Erasing, sample: u64) -> (usize, Vec<f32>) {
        let mut planes = vec![1.0; 3 * SIDE * SIDE];
        erasing.apply(&mut planes, (SIDE, SIDE), draw(sample));
        let per_plane = |plane: &[f32]| plane.iter().filter(|value| **value != 1.0).count();
        let counts: Vec<usize> = planes.chunks_exact(SIDE * SIDE).map(per_plane).collect();
        assert!(counts.iter().all(|count| *count == counts[0]), "every channel alike: {counts:?}");
        (counts[0], planes)
    }

    /// Means over 200,000 pictures of 40 × 40 that timm 1.0.31's `RandomErasing(probability=0.7, device="cpu")`
    /// covered: the share of pictures; then, over the covered ones, the rectangle's area, its square, the squared
    /// logarithm of height by width, and its centre's row and column.
    const TIMM: [f64; 6] = [0.700_51, 280.866, 99_600.4, 0.478_72, 19.994, 19.994];
    /// Five standard errors of the difference of two means, for the mean that varies most.
    const MEANS: f64 = 0.017;

    #[test]
    fn rectangles_are_distributed_as_timms() {
        let pictures = 200_000;
        let erasing = Erasing::new(0.7);
        let mut sums = [0.0; 6];
        for sample in 0..pictures {
            let Some((columns, rows)) = erasing.rectangle((SIDE, SIDE), draw(sample)) else { continue };
            let (w, h) = (columns.len() as f64, rows.len() as f64);
            let middle = |range: Range<usize>| (range.start + range.end) as f64 / 2.0;
            let values = [1.0, w * h, (w * h).powi(2), (h / w).ln().powi(2), middle(rows), middle(columns)];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        let covered = sums[0];
        let means: Vec<f64> =
            std::iter::once(covered / pictures as f64).chain(sums[1..].iter().map(|sum| sum / covered)).collect();
        for (got, want) in means.iter().zip(TIMM) {
            assert!((got - want).abs() < MEANS * want, "{means:?}");
        }
    }

    #[test]
    fn a_draw_decides_and_nothing_else() {
        let noise = Erasing { mode: EraseMode::Noise, ..Erasing::new(1.0) };
        for erasing in [Erasing::new(1.0), noise] {
            let all: Vec<Vec<f32>> = (0..20).map(|sample| erased(&erasing, sample).1).collect();
            assert!((0..20).all(|sample| erased(&erasing, sample).1 == all[sample as usize]));
            assert_ne!(all[0], all[1]);
        }
        assert_eq!(erased(&Erasing::new(0.0), 0).0, 0);
        assert_eq!(erased(&noise, 3).0, erased(&Erasing::new(1.0), 3).0, "the mode doesn't move the rectangle");
    }

    #[test]
    fn noise_is_normal() {
        let erasing = Erasing { mode: EraseMode::Noise, ..Erasing::new(1.0) };
        let values: Vec<f64> = (0..200)
            .flat_map(|sample| erased(&erasing, sample).1)
            .filter(|value| *value != 1.0)
            .map(f64::from)
            .collect();
        let mean = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64;
        // Five standard errors of 100,000 values are 0.016 and 0.023.
        assert!(values.len() > 100_000 && mean(1).abs() < 0.016 && (mean(2) - 1.0).abs() < 0.023);
        let zeros = erased(&Erasing::new(1.0), 0).1;
        assert!(zeros.iter().all(|value| *value == 0.0 || *value == 1.0));
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let says = |erasing: Erasing| erasing.check().unwrap_err().to_string();
        assert!(says(Erasing::new(1.5)).contains("probability 1.5 is not within 0..=1"));
        assert!(says(Erasing { area: (0.5, 0.1), ..Erasing::new(1.0) }).contains("area (0.5, 0.1)"));
        assert!(says(Erasing { aspect: (0.0, 1.0), ..Erasing::new(1.0) }).contains("aspect (0.0, 1.0)"));
        assert!(Erasing::new(0.25).check().is_ok());
    }
}
