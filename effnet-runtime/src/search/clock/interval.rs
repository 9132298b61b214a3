//! A median, and how surely it is known.

/// How often an interval may miss the median of what it was drawn from.
const MISS: f64 = 0.1;

/// The median of values in ascending order; for an even number of them, the mean of the two in the middle.
pub(super) fn median(sorted: &[f64]) -> f64 {
    (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
}

/// An interval that holds the true median in 90 % of cases at least, whatever the distribution: the value as many places
/// from each end of the values, in ascending order, as a fair coin allows. None for fewer than five values.
///
/// It holds unless fewer than `place` of the values fall to one side of the true median, as they do like the heads of as
/// many coins (David & Nagaraja, *Order Statistics*, section 7.1).
pub(super) fn interval(sorted: &[f64]) -> Option<(f64, f64)> {
    let n = sorted.len();
    let mut place = 0;
    let (mut heads, mut fewer) = (0.5f64.powi(n as i32), 0.0);
    while place < n / 2 && 2.0 * (fewer + heads) <= MISS {
        fewer += heads;
        place += 1;
        heads *= (n + 1 - place) as f64 / place as f64;
    }
    let low = place.checked_sub(1)?;
    Some((sorted[low], sorted[n - 1 - low]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn places_are_the_tables() {
        // Table A3 of Conover's *Practical Nonparametric Statistics*, at p = 1/2: the greatest place with at most 5 %.
        for (n, place) in [(5, 1), (7, 1), (8, 2), (10, 2), (11, 3), (20, 6), (30, 11), (60, 24)] {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(interval(&values), Some((f64::from(place), f64::from(n + 1 - place))), "{n}");
        }
        assert_eq!(interval(&[1.0; 4]), None);
        assert_eq!(interval(&[]), None);
    }

    #[test]
    fn it_holds_the_median_as_often_as_it_says() {
        for n in [7, 12, 60] {
            let holds = |draw: &u64| {
                let stream = Stream::new(1, Purpose::Bench, *draw, 0, 0);
                // A skewed distribution, whose median is 0.25.
                let mut values: Vec<f64> = (0..n).map(|at| stream.uniform(at).powi(2)).collect();
                values.sort_by(f64::total_cmp);
                interval(&values).is_some_and(|(low, high)| (low..=high).contains(&0.25))
            };
            let held = (0..4000).filter(holds).count();
            assert!(held >= 3540, "{n}: {held} of 4000");
        }
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
    }
}
