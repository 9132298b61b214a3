//! The transforms of F(4×4, 3×3), on a tile's pixels as vectors of channels.
//!
//! The points are 0, ±1, ±2, ∞ (Lavin & Gray, 2015): `Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A`.

use crate::simd::Vector;

/// Side of a tile's window on the input, of its output, and the number of products of a pixel and channel pair.
pub(super) const WINDOW: usize = 6;
pub(super) const TILE: usize = 4;
pub(super) const PLANES: usize = WINDOW * WINDOW;

/// Rows of `G`: a filter's three taps at each point.
const KERNEL: [[f64; 3]; WINDOW] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// `G g Gᵀ` of a filter `[3, 3]`, plane by plane. In f64: it is done once.
pub(super) fn filter(taps: &[f32]) -> [f32; PLANES] {
    let across = |y: usize, column: [f64; 3]| -> f64 { (0..3).map(|x| column[x] * f64::from(taps[y * 3 + x])).sum() };
    let mut planes = [0.0; PLANES];
    for (x, column) in KERNEL.into_iter().enumerate() {
        let lines = [across(0, column), across(1, column), across(2, column)];
        for (y, row) in KERNEL.into_iter().enumerate() {
            planes[y * WINDOW + x] = (0..3).map(|at| row[at] * lines[at]).sum::<f64>() as f32;
        }
    }
    planes
}

/// Largest magnitude of each transformed plane when every tap is within ±1.
pub(super) fn filter_gains() -> [f32; PLANES] {
    let gains = KERNEL.map(|row| row.iter().map(|factor| factor.abs()).sum::<f64>());
    std::array::from_fn(|plane| (gains[plane / WINDOW] * gains[plane % WINDOW]) as f32)
}

/// `factor · x + y`
#[inline(always)]
fn times<V: Vector>(factor: f32, x: V, y: V) -> V {
    x.splat_like(factor).mul_add(x, y)
}

/// `Bᵀ d`
#[inline(always)]
pub(super) fn input<V: Vector>(d: [V; WINDOW]) -> [V; WINDOW] {
    let (even, odd) = (times(-4.0, d[2], d[4]), times(-4.0, d[1], d[3]));
    let (far_even, far_odd) = (d[4].sub(d[2]), d[3].sub(d[1]));
    [
        times(4.0, d[0], times(-5.0, d[2], d[4])),
        even.add(odd),
        even.sub(odd),
        times(2.0, far_odd, far_even),
        times(-2.0, far_odd, far_even),
        times(4.0, d[1], times(-5.0, d[3], d[5])),
    ]
}

/// `Aᵀ m`
#[inline(always)]
pub(super) fn output<V: Vector>(m: [V; WINDOW]) -> [V; TILE] {
    let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (far_sum, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
    [
        m[0].add(sum).add(far_sum),
        times(2.0, far_difference, difference),
        times(4.0, far_sum, sum),
        times(8.0, far_difference, difference).add(m[5]),
    ]
}

/// `A y`: the transpose of [`output`], for gradients of a tile's pixels.
#[inline(always)]
pub(super) fn output_gradient<V: Vector>(y: [V; TILE]) -> [V; WINDOW] {
    let (even, odd) = (y[0].add(y[2]), y[1].add(y[3]));
    let far_even = times(4.0, y[2], y[0]);
    let twice = y[1].add(y[1]);
    [
        y[0],
        even.add(odd),
        even.sub(odd),
        times(8.0, y[3], far_even.add(twice)),
        times(-8.0, y[3], far_even.sub(twice)),
        y[3],
    ]
}

/// `Gᵀ m`: the transpose of a filter's transform.
#[inline(always)]
pub(super) fn filter_gradient<V: Vector>(m: [V; WINDOW]) -> [V; 3] {
    let (near, near_difference) = (m[1].add(m[2]), m[2].sub(m[1]));
    let (far, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
    let (sixth, zero) = (far.splat_like(1.0 / 6.0), far.splat_like(0.0));
    [
        times(0.25, m[0], times(1.0 / 24.0, far, times(-1.0 / 6.0, near, zero))),
        times(1.0 / 12.0, far_difference, sixth.mul_add(near_difference, zero)),
        sixth.mul_add(far.sub(near), m[5]),
    ]
}
