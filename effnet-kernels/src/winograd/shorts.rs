//! Products in integers of 16 bits, twice as many in an instruction as floats: what a pass in bf16 does, since Winograd's
//! transforms turn roundings to bf16 into errors of some per cent.
//!
//! ```text
//! weights[p][i][o] ≈ unit[p] · scale[o] · code                       once
//! planes[p][tile][i] ≈ worth[p] · code of at most most[p]            worth[p] from the plane's largest number
//! products[p][tile][o] = unit[p] · worth[p] · scale[o] · Σ_i code · code
//! ```
//!
//! `most[p]` is as large as the weights' codes let no sum of products leave 32 bits.

use super::output::Sums;
use super::transform::{self, PLANES};
use crate::buffer::Buffer;
use crate::simd::{Arch, Kernel, Vector};

/// The largest code of a weight: about as large as [`Codes::most`] leaves their factors', if the mean weight is a quarter of
/// the largest.
fn largest_code(in_channels: usize) -> f32 {
    (4.0 * 2f32.powi(31) / in_channels as f32).sqrt().min(32767.0).floor()
}

/// The scales of codes, and their bounds.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    unit: [f32; PLANES],
    /// Scales of the output channels, with zeros behind them up to a whole vector.
    scale: Buffer,
    most: [f32; PLANES],
}

/// A filter's codes, plane by plane.
pub(super) type FilterCodes = [i16; PLANES];

/// `0 / 0` is 0 here: what has no size is worth nothing.
fn quotient(a: f32, b: f32) -> f32 {
    if b > f32::MIN_POSITIVE { a / b } else { 0.0 }
}

/// NaN if one of them is, so that a channel's scale does not hide it.
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |most, value| if value.is_nan() || value.abs() > most { value.abs() } else { most })
}

impl Codes {
    /// Scales for transformed filters `[out_channels, in_channels]`, and these filters' codes.
    pub(super) fn of(filters: &[[f32; PLANES]], out_channels: usize, lanes: usize) -> (Self, Vec<FilterCodes>) {
        let in_channels = filters.len() / out_channels;
        let gains = transform::filter_gains();
        let mut scale = Buffer::zeros(out_channels.next_multiple_of(lanes));
        for (scale, filters) in scale.iter_mut().zip(filters.chunks_exact(in_channels)) {
            *scale =
                largest(filters.iter().flat_map(|planes| planes.iter().zip(&gains)).map(|(value, gain)| value / gain));
        }
        let scale_of = |at: usize| scale[at / in_channels];
        let unit: [f32; PLANES] = std::array::from_fn(|plane| {
            let values = filters.iter().enumerate().map(|(at, planes)| quotient(planes[plane], scale_of(at)));
            largest(values) / largest_code(in_channels)
        });
        // Quotients are in f64: roundings of f32 would be parts of a code that says 32,767.
        let code = |value: f32, worth: f64| {
            if worth > 0.0 { (f64::from(value) / worth).round() as i16 } else { 0 }
        };
        let codes: Vec<FilterCodes> = (filters.iter().enumerate())
            .map(|(at, planes)| {
                let scale = f64::from(scale_of(at));
                std::array::from_fn(|plane| code(planes[plane], f64::from(unit[plane]) * scale))
            })
            .collect();
        let most = std::array::from_fn(|plane| {
            let size = |filter: &FilterCodes| i64::from(filter[plane].unsigned_abs());
            let sizes = codes.chunks_exact(in_channels).map(|filters| filters.iter().map(size).sum::<i64>());
            // One less, for what rounding adds to the largest.
            (i64::from(i32::MAX) / sizes.max().unwrap_or(0).max(1)).min(i64::from(i16::MAX)) as f32 - 1.0
        });
        (Self { unit, scale, most }, codes)
    }
}

/// Turns the planes of a rectangle into codes, each plane within the first half of its own memory.
pub(super) struct Encode<'a> {
    pub codes: &'a Codes,
    /// `plane` floats from the start of one to the next, of which the first `length` are its numbers.
    pub planes: &'a mut [f32],
    pub plane: usize,
    pub length: usize,
    /// The value of a product of the plane's codes and the weights', apart from the channels' scales.
    pub units: &'a mut [f32; PLANES],
}

impl Kernel for Encode<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        const BLOCK: usize = 32;
        let Self { codes, planes, plane, length, units } = self;
        for (at, numbers) in planes.chunks_mut(plane).take(PLANES).enumerate() {
            let numbers = &mut numbers[..length];
            // With the sign cleared, IEEE-754 bits sort like the values; NaN sorts last, and makes the whole plane NaN.
            let largest = numbers.iter().fold(0, |most, number| most.max(number.to_bits() & 0x7fff_ffff));
            let largest = f32::from_bits(largest);
            let factor = quotient(codes.most[at], largest);
            units[at] = codes.unit[at] * quotient(largest, codes.most[at]);
            if largest.is_nan() {
                units[at] = f32::NAN;
            }
            for first in (0..length).step_by(BLOCK) {
                let mut block = [0f32; BLOCK];
                let count = BLOCK.min(length - first);
                block[..count].copy_from_slice(&numbers[first..first + count]);
                let mut pairs = [0f32; BLOCK / 2];
                arch.shorten(&block, factor, &mut pairs);
                numbers[first / 2..(first + count) / 2].copy_from_slice(&pairs[..count / 2]);
            }
        }
    }
}

/// Sums of products of codes.
pub(super) struct Integers<'a> {
    pub codes: &'a Codes,
    pub units: &'a [f32; PLANES],
}

impl Sums for Integers<'_> {
    #[inline(always)]
    unsafe fn load<A: Arch>(&self, arch: A, from: *const f32, plane: usize) -> A::V {
        let (unit, zero) = (arch.splat(self.units[plane]), arch.splat(0.0));
        // SAFETY: the caller answers for a vector.
        unsafe { arch.load(from).integers_as_floats().mul_add(unit, zero) }
    }

    #[inline(always)]
    unsafe fn add<A: Arch>(&self, arch: A, values: A::V, bias: A::V, channel: usize) -> A::V {
        // SAFETY: the caller answers for the channel's vector; the scales go on to the end of a vector.
        unsafe { values.mul_add(arch.load(self.codes.scale.as_ptr().add(channel)), bias) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use effnet_guard::cut_for_miri;

    proptest! {
        /// No sum of products of codes leaves 32 bits, whatever the codes of the map, and weights are those that codes say.
        #[test]
        fn codes_fit(
            out_channels in 1usize..5, in_channels in 1..cut_for_miri(300usize, 8), same in any::<bool>(),
            values in proptest::collection::vec(-4f32..4.0, 7),
        ) {
            let value = |at: usize| if same { values[0] } else { values[at % 7] };
            let filters: Vec<[f32; PLANES]> = (0..out_channels * in_channels)
                .map(|filter| transform::filter(&std::array::from_fn::<_, 9, _>(|tap| value(filter * 9 + tap))))
                .collect();
            let (codes, filters_in_16) = Codes::of(&filters, out_channels, 16);
            for (o, (row, row_in_16)) in
                filters.chunks_exact(in_channels).zip(filters_in_16.chunks_exact(in_channels)).enumerate()
            {
                for plane in 0..PLANES {
                    let sum: i64 = row_in_16.iter().map(|filter| i64::from(filter[plane].unsigned_abs())).sum();
                    prop_assert!(codes.most[plane] >= 1.0 && codes.most[plane] <= 32767.0);
                    prop_assert!(sum * (codes.most[plane] as i64 + 1) <= i64::from(i32::MAX));
                    for (filter, in_16) in row.iter().zip(row_in_16) {
                        let worth = f64::from(codes.unit[plane]) * f64::from(codes.scale[o]);
                        let error = (f64::from(in_16[plane]) * worth - f64::from(filter[plane])).abs();
                        prop_assert!(error <= 0.501 * worth, "plane {plane}: {error}, a code is worth {worth}");
                    }
                }
            }
        }
    }
}
